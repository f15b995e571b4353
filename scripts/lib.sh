# Shared by scripts/demo and scripts/test: what both need on a fresh Debian machine.

say() { printf '\n== %s\n' "$*"; }

die() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# need COMMAND PACKAGE: installs a Debian package when we may, else says what to run.
need() {
  command -v "$1" >/dev/null 2>&1 && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing $2"
    if [ -z "${apt_updated:-}" ]; then
      apt-get update -qq
      apt_updated=1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
  else
    die "$1 is missing. Install it with: sudo apt-get install --no-install-recommends $2"
  fi
}

need_rust() {
  command -v cargo >/dev/null 2>&1 ||
    die "cargo is missing. Install Rust 1.95 or newer with rustup (see rust-lang.org), then run this again."
  need cc gcc
}

need_node() {
  need node nodejs
  need npm npm
  local major
  major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
  [ "$major" -ge 20 ] || die "Node.js 20 or newer is needed; here is $(node --version)."
}

# The console is built before the binary, which embeds it.
build_console() {
  if [ -f web/desk/dist/index.html ] &&
    [ -z "$(find web/client web/desk web/package-lock.json -newer web/desk/dist/index.html \
      -type f -not -path '*/node_modules/*' -not -path '*/dist/*' | head -n 1)" ]; then
    return 0
  fi
  say "building the console"
  (cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build)
}
