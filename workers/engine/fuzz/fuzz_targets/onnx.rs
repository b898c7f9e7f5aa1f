//! Any bytes are either a model or an error: no panic, no unbounded time, no unbounded memory.
//!
//! `./run MINUTES` beside this folder builds and runs it.
#![no_main]

use assay_engine::import::onnx::File;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = File::parse(bytes.to_vec()) {
        // One of them is the batch that fixtures with a fixed one have.
        let (four, three) = (file.model(4), file.model(3));
        for model in [&four, &three].into_iter().flatten() {
            assert!(model.parameters() > 0 && !model.layers.is_empty());
        }
        // The same bytes are the same model.
        if let Ok(model) = four {
            assert!(file.model(4).is_ok_and(|again| again == model));
        }
    }
});
