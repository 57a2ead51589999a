//! Wrong uses of the macros: each file in `ui` must not compile, with the error beside it, which points at the wrong word.

#[test]
fn wrong_uses_are_refused_where_they_stand() {
    trybuild::TestCases::new().compile_fail("tests/sdk/ui/*.rs");
}
