#!/bin/sh
# Compiles and starts the renderer that the bench `template_render` races: Apache Velocity 1.7 as API Gateway sets it up.
# Needs Debian's packages: velocity libjson-smart-java libslf4j-java default-jdk-headless
set -eu
here=$(cd "$(dirname "$0")" && pwd)
classes=${CARGO_TARGET_DIR:-$here/../../target}/velocity
jars=${VELOCITY_JARS:-/usr/share/java}
path=$classes
for jar in json-smart accessors-smart slf4j-api slf4j-nop asm velocity commons-lang commons-collections3 oro; do
    path=$path:$jars/$jar.jar
done
mkdir -p "$classes"
javac -nowarn -encoding UTF-8 -cp "$path" -d "$classes" "$here/Bench.java" 2>&1 | grep -v '^Note:' >&2 || true
exec java -cp "$path" Bench
