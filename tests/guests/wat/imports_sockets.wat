;; Wants the network, and hides it among harmless imports.
(component
  (import "wasi:cli/stdout@0.2.6" (instance))
  (import "wasi:sockets/tcp@0.2.6" (instance))
  (import "wasi:http/outgoing-handler@0.2.6" (instance)))
