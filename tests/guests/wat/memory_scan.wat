;; Looks for what somebody left in its memory, its second memory and its table, and traps if there is anything.
(memory (export "memory") 8)
(memory $other 4)
(table $table 64 funcref)
(func $scan (param $at i32) (param $end i32)
  (loop $again
    (if (i64.ne (i64.load 0 (local.get $at)) (i64.const 0)) (then unreachable))
    (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end)))))
(func $scan_other (param $at i32) (param $end i32)
  (loop $again
    (if (i64.ne (i64.load $other (local.get $at)) (i64.const 0)) (then unreachable))
    (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end)))))
(func $scan_table (param $at i32)
  (loop $again
    (if (i32.eqz (ref.is_null (table.get $table (local.get $at)))) (then unreachable))
    (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 64)))))
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (drop (memory.grow 0 (i32.const 24)))
  (drop (memory.grow $other (i32.const 12)))
  (call $scan (i32.const 0x40000) (i32.const 0x200000))
  (call $scan_other (i32.const 0) (i32.const 0x100000))
  (call $scan_table (i32.const 0))
  (call $pass (local.get $rows)))
