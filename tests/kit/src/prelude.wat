;; What guests in WebAssembly text share: room for a batch, one plain rule, and a reply to begin with. A guest brings its memory.

;; Where a reply lies.
(global $reply i32 (i32.const 64))

;; Bytes from 0x400 on hold what `describe` answers; see the loader.
(global $free (mut i32) (i32.const 0x20000))

(func $room (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
  (global.set $free (i32.add (local.get $at) (local.get $size)))
  (local.get $at))

;; The sum of the only column, whole numbers.
(func $sum (param $rows i32) (param $columns i32) (result i64)
  (local $at i32)
  (local $sum i64)
  (local.set $at (i32.load offset=4 (local.get $columns)))
  (block $done
    (loop $again
      (br_if $done (i32.eqz (local.get $rows)))
      (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br $again)))
  (local.get $sum))

;; A reply that passes every row, without findings.
(func $pass (param $rows i32) (result i32)
  (local $statuses i32)
  (local.set $statuses (call $room (local.get $rows)))
  (memory.fill (local.get $statuses) (i32.const 0) (local.get $rows))
  (i32.store (global.get $reply) (i32.const 0))
  (i32.store offset=4 (global.get $reply) (local.get $statuses))
  (i32.store offset=8 (global.get $reply) (local.get $rows))
  (i32.store offset=12 (global.get $reply) (i32.const 0x28000))
  (i32.store offset=16 (global.get $reply) (i32.const 0))
  (global.get $reply))

;; Adds a finding on the first row. There is room for 800.
(func $add_finding (param $reply i32) (param $message i32) (param $length i32)
  (local $count i32)
  (local $at i32)
  (local.set $count (i32.load offset=16 (local.get $reply)))
  (local.set $at (i32.add (i32.const 0x28000) (i32.mul (local.get $count) (i32.const 40))))
  (i32.store offset=16 (local.get $reply) (i32.add (local.get $count) (i32.const 1)))
  (memory.fill (local.get $at) (i32.const 0) (i32.const 40))
  (i32.store offset=16 (local.get $at) (local.get $message))
  (i32.store offset=20 (local.get $at) (local.get $length)))
