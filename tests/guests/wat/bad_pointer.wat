;; Answers with statuses that lie outside of its memory.
(memory (export "memory") 4)
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (local $reply i32)
  (local.set $reply (call $pass (local.get $rows)))
  (if (i64.ne (call $sum (local.get $rows) (local.get $columns)) (i64.const 0))
    (then (i32.store offset=4 (local.get $reply) (i32.const 0xfffffff0))))
  (local.get $reply))
