#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    jurat_fuzz::value_end::check(bytes);
});
