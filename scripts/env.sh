# Sourced by every script: where build output and downloads are cached (outside the clone), and how to find libtorch.
ASSAY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ASSAY_CACHE=${ASSAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/assay}
export ASSAY_ROOT ASSAY_CACHE
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ASSAY_CACHE/target}
# A libtorch of your own, for CUDA say, or the one that scripts/libtorch fetches.
export LIBTORCH=${LIBTORCH:-$ASSAY_CACHE/libtorch/torch}
mkdir -p "$ASSAY_CACHE"

# Cargo tells by files' times alone what has changed, and knows this project's packages by their place in the clone: one
# clone would be given what another one's sources had become. So what another clone has built is forgotten; what comes from
# registries stays. Two clones that build at the same time need a cache each.
forget_other_clones() {
    local target names
    [ "$(cat "$ASSAY_CACHE/.clone" 2>/dev/null)" != "$ASSAY_ROOT" ] || return 0
    for target in "$CARGO_TARGET_DIR" "$ASSAY_CACHE"/target*; do
        [ -d "$target" ] || continue
        case $target in
            # What only this one has; elsewhere there are packages of these names from registries.
            */target-contracts) names='assay-core|escrow|arbiter|referee|jackpot|shell|contract-tool|metadata|blake3|staging-xcm' ;;
            *) names='assay|assay-[a-z-]*' ;;
        esac
        find "$target" -maxdepth 4 -regextype posix-extended -regex ".*/\.fingerprint/($names)-[0-9a-f]{16}" -prune \
            -exec rm -rf {} +
    done
    printf '%s\n' "$ASSAY_ROOT" >"$ASSAY_CACHE/.clone"
}
forget_other_clones
