#!/usr/bin/env bash
# Collects the words of the command line into tocsin.pot and merges them into every catalogue.
# Translators: edit LANG.po; when a speaker has read all of it, set X-Reviewed to their consent's date.
set -euo pipefail
cd "$(dirname "$0")/.."
xgettext --language=C++ --from-code=UTF-8 --keyword=tr --keyword=mark --sort-by-file \
    --package-name=tocsin --no-location --omit-header --output=po/tocsin.pot.new ./*.cpp
{
    printf 'msgid ""\nmsgstr ""\n'
    printf '"Project-Id-Version: tocsin\\n"\n"MIME-Version: 1.0\\n"\n'
    printf '"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
    cat po/tocsin.pot.new
} >po/tocsin.pot
rm po/tocsin.pot.new
for catalogue in po/*.po; do
    [ -e "$catalogue" ] || continue
    msgmerge --quiet --no-fuzzy-matching --no-location --update --backup=none "$catalogue" po/tocsin.pot
    msgattrib --no-obsolete --output-file="$catalogue" "$catalogue"
done
