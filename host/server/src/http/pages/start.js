// BaseLayout works under a policy that allows no inline styles; the standalone layout does not.
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: "/openapi.json",
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
});
