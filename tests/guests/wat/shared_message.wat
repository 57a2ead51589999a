;; Gives `n` findings that all point to one message of 4,000 bytes: little memory, a long reply.
(memory (export "memory") 8)
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (local $reply i32)
  (local $n i32)
  (local.set $reply (call $pass (local.get $rows)))
  (local.set $n (i32.wrap_i64 (call $sum (local.get $rows) (local.get $columns))))
  (memory.fill (i32.const 0x30000) (i32.const 0x78) (i32.const 4000))
  (block $done
    (loop $again
      (br_if $done (i32.eqz (local.get $n)))
      (call $add_finding (local.get $reply) (i32.const 0x30000) (i32.const 4000))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again)))
  (local.get $reply))
