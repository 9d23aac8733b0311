#!/bin/sh
# Installs the binary of this system from a release, once its checksum is right: sh install.sh FROM [FOLDER]
# FROM is a folder or an https:// address that has SHA256SUMS and the binaries; FOLDER is /usr/local/bin.
set -eu

say() { echo "crew: $*" >&2; }
fail() { say "$*"; exit 1; }

from=${1:-}
to=${2:-/usr/local/bin}
[ -n "$from" ] || fail "from where? sh install.sh FROM [FOLDER]; FROM is a folder or an https:// address with SHA256SUMS and the binaries."

# The names of the binaries: those of Node.
target() {
  case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "there is no binary for $(uname -s) here: Linux and macOS have one, and Windows the .exe of the release." ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "there is no binary for $(uname -m): x86_64 and arm64 have one." ;;
  esac
  libc=
  [ "$os" = linux ] && ! has_glibc && libc=-musl
  echo "$os-$cpu$libc"
}

# By its loader: that of musl may be on a system of glibc too, but not the other way round.
has_glibc() {
  for loader in /lib/ld-linux-* /lib64/ld-linux-*; do [ ! -e "$loader" ] || return 0; done
  return 1
}

fetch() {
  case "$from" in
    https://*) curl -fsSL --proto '=https' -o "$2" "$from/$1" || fail "$from/$1 could not be fetched." ;;
    *://*) fail "$from is not taken: a folder or an https:// address is." ;;
    *) cp "$from/$1" "$2" || fail "$from has no $1: it is a folder with what npm run release makes." ;;
  esac
}

digest() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wanted=$(target)
fetch SHA256SUMS "$work/SHA256SUMS"
line=$(grep -E "  crew-[0-9][0-9A-Za-z.+-]*-$wanted\$" "$work/SHA256SUMS") || fail "$from has no binary for $wanted."
name=${line#*  }
fetch "$name" "$work/crew"
[ "$(digest "$work/crew")" = "${line%%  *}" ] || fail "$name is not the file of SHA256SUMS: nothing was installed. Fetch it again, from a place you trust."
mkdir -p "$to"
chmod 755 "$work/crew"
# Beside its place first, so that a running one is replaced at once and whole.
mv "$work/crew" "$to/.crew.$$" && mv "$to/.crew.$$" "$to/crew"
say "$to/crew is $name."
