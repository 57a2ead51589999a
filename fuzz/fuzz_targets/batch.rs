#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    jurat_fuzz::batch::check(bytes);
});
