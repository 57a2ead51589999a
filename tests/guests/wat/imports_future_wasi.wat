;; Wants a WASI that nobody has written yet.
(component
  (import "wasi:cli/stdout@9.9.9" (instance (export "get-more" (func))))
  (core module $m (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $f (result u32) (canon lift (core func $i "f")))
  (instance $rules (export "describe" (func $f)) (export "evaluate" (func $f)))
  (export "jurat:rule/rules@0.1.0" (instance $rules)))
