;; Two components inside of one: the first offers a function that takes a text, the second calls it. What converts the text between
;; them uses no fuel.

(component
  (component $first
    (core module $code
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
      (func (export "take") (param i32 i32)))
    (core instance $code (instantiate $code))
    (func (export "take") (param "text" string)
      (canon lift (core func $code "take") (memory $code "memory") (realloc (func $code "realloc")))))
  (component $second
    (import "take" (func $take (param "text" string)))
    (core module $memory (memory (export "memory") 1))
    (core instance $memory (instantiate $memory))
    (core func $lowered (canon lower (func $take) (memory $memory "memory"))))
  (instance $first (instantiate $first))
  (instance $second (instantiate $second (with "take" (func $first "take")))))
