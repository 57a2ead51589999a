;; Gives up when it was asked for its rules.
(memory (export "memory") 4)
(func (export "jurat:rule/rules@0.1.0#describe") (result i32)
  unreachable)
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (call $pass (local.get $rows)))
