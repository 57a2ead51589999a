;; Wants a table of ten million elements before it has done anything.
(memory (export "memory") 4)
(table 10000000 funcref)
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (call $pass (local.get $rows)))
