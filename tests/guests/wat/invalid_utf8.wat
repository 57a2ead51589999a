;; Gives a message that is no UTF-8.
(memory (export "memory") 4)
(data (i32.const 512) "fine\ff\fe")
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (local $reply i32)
  (local.set $reply (call $pass (local.get $rows)))
  (if (i64.ne (call $sum (local.get $rows) (local.get $columns)) (i64.const 0))
    (then (call $add_finding (local.get $reply) (i32.const 512) (i32.const 6))))
  (local.get $reply))
