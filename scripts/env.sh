# Sourced by every script: where build output and downloads are cached (outside the clone), and how to find libtorch.
ASSAY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ASSAY_CACHE=${ASSAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/assay}
export ASSAY_ROOT ASSAY_CACHE
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ASSAY_CACHE/target}
# A libtorch of your own, for CUDA say, or the one that scripts/libtorch fetches.
export LIBTORCH=${LIBTORCH:-$ASSAY_CACHE/libtorch/torch}
mkdir -p "$ASSAY_CACHE"
