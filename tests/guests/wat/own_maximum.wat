;; Asks again and again for more than its own maximum, and takes no for an answer: it never has more than it may.
(memory (export "memory") 4 5)
(func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
  (local $turn i32)
  (loop $again
    (if (i32.ne (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))
    (br_if $again (i32.ne (local.tee $turn (i32.add (local.get $turn) (i32.const 1))) (i32.const 10))))
  (call $pass (local.get $rows)))
