# Sourced by ./dunlin and ./mvnw: sets JAVA_HOME to a JDK of the release that Dunlin needs.
# Looks at JAVA_HOME, the PATH, and the folders where systems and version tools usually put JDKs.

dunlin_release=25

# jdk_release FOLDER: prints the feature release of the JDK there; nothing if it is none.
jdk_release() {
    [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

find_jdk() {
    on_path=$(command -v javac 2>/dev/null || true)
    while [ -n "$on_path" ] && [ -L "$on_path" ]; do
        link=$(readlink "$on_path")
        case $link in
            /*) on_path=$link ;;
            *) on_path=$(dirname "$on_path")/$link ;;
        esac
    done
    path_home=${on_path:+$(dirname "$(dirname "$on_path")")}
    for jdk_home in \
        "${JAVA_HOME:-}" "$path_home" \
        /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home \
        "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/* "${HOME:-}"/.asdf/installs/java/* \
        "${HOME:-}"/.local/share/mise/installs/java/*; do
        if [ -n "$jdk_home" ] && [ "$(jdk_release "$jdk_home")" = "$dunlin_release" ]; then
            JAVA_HOME=$jdk_home
            export JAVA_HOME
            return 0
        fi
    done
    echo "Dunlin needs a JDK $dunlin_release and found none: install one (for example Eclipse Temurin $dunlin_release) or set JAVA_HOME to its folder." >&2
    return 1
}

find_jdk || exit 3
