;; Was built for a version of the contract that this host does not know.
(component
  (core module $m (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $f (result u32) (canon lift (core func $i "f")))
  (instance $rules (export "describe" (func $f)) (export "evaluate" (func $f)))
  (export "jurat:rule/rules@0.9.0" (instance $rules)))
