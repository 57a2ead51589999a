;; Wants a gigabyte before it has done anything.
(memory (export "memory") 16384)
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (call $pass (local.get $rows)))
