;; Does `n` turns of a loop for each row, and two thousand more in the first call on an instance.
(memory (export "memory") 4)
(global $is_warm (mut i32) (i32.const 0))
(func $spin (param $turns i64)
  (block $done
    (loop $again
      (br_if $done (i64.le_s (local.get $turns) (i64.const 0)))
      (local.set $turns (i64.sub (local.get $turns) (i64.const 1)))
      (br $again))))
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (if (i32.eqz (global.get $is_warm)) (then (call $spin (i64.const 2000))))
  (global.set $is_warm (i32.const 1))
  (call $spin (call $sum (local.get $rows) (local.get $columns)))
  (call $pass (local.get $rows)))
