;; Says that its reply lies outside of its memory.
(memory (export "memory") 4)
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (if (result i32) (i64.ne (call $sum (local.get $rows) (local.get $columns)) (i64.const 0))
    (then (i32.const 0x7ffffff0))
    (else (call $pass (local.get $rows)))))
