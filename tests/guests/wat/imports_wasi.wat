;; Wants files, as any program does.
(component
  (import "wasi:filesystem/preopens@0.2.6" (instance))
  (import "wasi:cli/stdout@0.2.6" (instance)))
