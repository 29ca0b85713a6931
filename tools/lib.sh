# Shared by the tools: what they install, where they build. To be sourced.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${VEDETTE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vedette}

# What the agent is built with; what runs it comes along.
build_packages=(libdlib-dev libopenblas-pthread-dev libv4l-dev libjpeg62-turbo-dev libpng-dev libopencv-dnn-dev librdkafka-dev libsqlite3-dev libyaml-dev libyuv-dev libzstd-dev pkg-config)

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Runs a command as root: as it is, or by sudo.
as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "packages are missing and this is neither root nor is there sudo: run 'apt-get install ${build_packages[*]}' as root first"
  fi
}

# Installs those of the packages that are not there. Quiet unless it fails.
install_missing() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [[ ${#missing[@]} == 0 ]] && return
  command -v apt-get >/dev/null || die "this needs Debian's packages: ${missing[*]}"
  say "installing ${missing[*]}"
  local log; log=$(mktemp) || die "no temporary file could be made; is ${TMPDIR:-/tmp} full?"
  if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" ||
    { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -qy --no-install-recommends "${missing[@]}"; }; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
}

need_swift() {
  command -v swift >/dev/null || die "no Swift toolchain in PATH: install Swift 6.2 or later from swift.org/install/linux"
  local version; version=$(swift --version 2>&1 | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
  read -r major minor <<<"${version:-0 0}"
  ((major > 6 || (major == 6 && minor >= 2))) || die "Swift $major.$minor is too old: 6.2 or later is needed"
}

# Whether tools/test, which calls this, has built them already.
is_built() { # FOLDER PRODUCTS...
  local folder=$1 product; shift
  for product in "$@"; do [[ " ${VEDETTE_BUILT:-} " == *" $folder/$product "* ]] || return 1; done
}

# swift build with the rules of the house, of each product in turn, in a folder of its own, so that one kind can be built
# while another is in use. Prints where the programs are.
build_in() { # FOLDER OPTIONS... -- PRODUCTS...
  local folder=$root/$1 options=() product; shift
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  local programs=$folder/debug
  [[ " ${options[*]} " != *" release "* ]] || programs=$folder/release
  # Finding out again that nothing has changed takes seconds each time.
  if is_built "${folder##*/}" "$@"; then
    echo "$programs"
    return
  fi
  need_swift
  install_missing "${build_packages[@]}"
  mkdir -p "$folder" 2>/dev/null || die "$root cannot be written; clone to a folder of your own"
  local log=$folder/build.log
  [[ -t 2 ]] && say "building (the first time takes some minutes)"
  for product in "$@"; do
    swift build --package-path "$root" --scratch-path "$folder" "${options[@]}" \
      --explicit-target-dependency-import-check error --product "$product" >"$log" 2>&1 ||
      { tail -n 40 "$log" >&2; die "the build failed"; }
  done
  swift build --package-path "$root" --scratch-path "$folder" "${options[@]}" --show-bin-path
}

# As it is installed.
build_release() {
  local folder
  folder=$(build_in .build-release -c release --static-swift-stdlib -- "${@:-vedette}") || return
  # SwiftPM links Swift's runtime with a library even where no line of it is Swift, and finds it in the toolchain's folder: a box has
  # no such folder.
  if [[ " $* " == *' vedette-inference '* ]]; then
    # Beside it first, for another test may be opening the library.
    c++ -shared -Wl,--as-needed,-z,defs,-z,relro,-z,now -o "$folder/libvedette-inference.$BASHPID" \
      "$folder/CInferenceOpenCV.build/engine.cpp.o" -lopencv_dnn -lopencv_core >&2 &&
      mv "$folder/libvedette-inference.$BASHPID" "$folder/libvedette-inference.so" || die "the library that runs networks could not be linked"
  fi
  echo "$folder"
}

# Under the address sanitizer.
build_sanitized() { build_in .build-asan --sanitize address -- "$@"; }

# The tests of ROOMS in release mode, under the thread sanitizer. Little of the C++ is looked at, which takes long to optimise.
# Prints where vedettePackageTests.xctest is.
build_threads() { # ROOMS...
  VEDETTE_TESTS="$*" build_in .build-tsan -c release --sanitize thread -Xswiftc -enable-testing -Xcxx -O1 -- vedettePackageTests
}

# A Python with what reads and writes networks, made once. Its versions decide the bytes of what is written. Prints its path.
models_python() {
  local folder=$cache/models-python
  if [[ ! -e $folder/done ]]; then
    { install_missing python3 python3-venv && python3 -m venv "$folder" &&
      "$folder/bin/python" -m pip install --quiet --disable-pip-version-check 'onnx==1.19.1' 'numpy>=2.1,<2.4' 'protobuf==6.33.1' &&
      touch "$folder/done"; } >&2 || return 1
  fi
  echo "$folder/bin/python"
}
