# Sourced by scripts that build Rust's library for another target: Debian's packages, and a compiler with that library's
# source. Expects the functions `say` and `die`.

# Installs those of the named packages that are missing.
install_packages() {
  local missing="" package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "install these first (Debian's names):$missing"
  [ "$(id -u)" = 0 ] || die "run as root once, or have someone run: apt-get install$missing"
  say "installing$missing"
  apt-get update -qq >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
}

# A compiler whose own library source is installed: rustup's if it has rust-src, else Debian's. Sets RUSTC and CARGO.
compiler_with_source() {
  if [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library" ]; then
    RUSTC=$(rustup which rustc 2>/dev/null || command -v rustc)
    CARGO=$(rustup which cargo 2>/dev/null || command -v cargo)
  else
    install_packages rustc-web cargo-web rust-web-src
    RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo
  fi
}
