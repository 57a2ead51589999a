;; Wants a function of the host's, and one of its modules.
(component
  (import "evil:host/secrets@1.0.0" (instance (export "read" (func (result string)))))
  (import "run" (func (param "command" string) (result u32))))
