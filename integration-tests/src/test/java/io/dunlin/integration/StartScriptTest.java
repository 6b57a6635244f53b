package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts find a JDK, build what is missing and nothing else, from any folder; the build itself is a stand-in. */
class StartScriptTest {
    private static final long LIMIT_SECONDS = 60;

    @TempDir
    private Path folder;

    private Path tree = Path.of("");

    /** What a script printed on both streams, and its exit code. */
    private record Ended(int code, String text) {}

    @BeforeEach
    void shouldHaveATreeWithAStandInForTheBuild() throws IOException {
        tree = Files.createDirectories(folder.resolve("a tree with blanks"));
        Files.createDirectories(tree.resolve("conf"));
        Files.createDirectories(tree.resolve("launcher/src/main"));
        for (String file : List.of("dunlin", "mvnw", "conf/find-jdk.sh", "conf/jvm.options")) {
            Files.copy(Repository.root().resolve(file), tree.resolve(file));
        }
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        Files.writeString(tree.resolve("launcher/pom.xml"), "<project/>");
        Files.writeString(tree.resolve("launcher/src/main/A.java"), "class A {}");
        build(jars().stream()
                .map(jar -> "cp '" + jar + "' launcher/target/lib/")
                .collect(Collectors.joining("\n")));
    }

    @Test
    void shouldBuildOnceAndThenStartAtOnceFromAnyFolder() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("dl"), Path.of("a tree with blanks/dunlin"));

        assertThat(run(folder, Map.of(), link.toString(), "explain", "DUN-101"))
                .satisfies(first -> assertThat(first.text())
                        .startsWith("dunlin: building (about a minute, once) ... runtime launcher\n")
                        .contains("DUN-101  A key that the job file does not have"))
                .satisfies(first -> assertThat(first.code()).isZero());
        assertThat(run(Path.of("/"), Map.of(), link.toString(), "explain", "DUN-101")
                        .text())
                .startsWith("DUN-101  A key");
        assertThat(run(tree, Map.of(), "./dunlin", "explain", "DUN-000").code()).isEqualTo(2);
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void shouldBuildAgainWhenASourceIsNewer() throws Exception {
        run(tree, Map.of(), "./dunlin", "--version");
        Files.setLastModifiedTime(
                tree.resolve("launcher/src/main/A.java"),
                FileTime.from(Instant.now().plusSeconds(5)));

        assertThat(run(tree, Map.of(), "./dunlin", "--version").text()).contains("building", "Java 25");
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void shouldShowTheEndOfABuildThatFailed() throws Exception {
        build("echo 'cannot find symbol: Wing'\nexit 1");

        assertThat(run(tree, Map.of(), "./dunlin", "--version")).satisfies(ended -> {
            assertThat(ended.code()).isEqualTo(3);
            assertThat(ended.text()).contains("cannot find symbol: Wing", "launcher/target/build.log");
        });
    }

    @Test
    void shouldFindTheJdkWithoutBeingTold() throws Exception {
        Path jdk =
                Files.createDirectories(folder.resolve("home/.jdks/mine/bin")).getParent();
        Path real = Path.of(System.getProperty("java.home"));
        Files.copy(real.resolve("release"), jdk.resolve("release"));
        for (String binary : List.of("java", "javac")) {
            script(
                    jdk.resolve("bin").resolve(binary),
                    "exec '" + real.resolve("bin").resolve(binary) + "' \"$@\"");
        }
        Map<String, String> environment =
                Map.of("JAVA_HOME", "/nowhere", "HOME", folder.resolve("home").toString());

        assertThat(run(tree, environment, "./dunlin", "--version").text()).contains("Java 25");
    }

    @Test
    void shouldUseTheMavenThatIsThereIfItIsNewEnough() throws Exception {
        Files.copy(Repository.root().resolve("mvnw"), tree.resolve("real-mvnw"));
        Path tools = tools("3.9.1");

        assertThat(run(tree, Map.of("PATH", tools.toString()), "./real-mvnw", "verify")
                        .text())
                .isEqualTo("mvn called with -f " + tree + "/pom.xml verify\n");
    }

    @Test
    void shouldRefuseADownloadThatIsNotTheRelease() throws Exception {
        Files.copy(Repository.root().resolve("mvnw"), tree.resolve("real-mvnw"));
        Path fake = Files.writeString(folder.resolve("maven.tar.gz"), "not Maven");
        Map<String, String> environment = Map.of(
                "PATH", tools("3.8.1").toString(),
                "HOME", folder.resolve("home").toString(),
                "DUNLIN_MAVEN_URL", fake.toUri().toString().replace("file:/", "file:///"));

        assertThat(run(tree, environment, "./real-mvnw", "verify")).satisfies(ended -> {
            assertThat(ended.code()).isEqualTo(3);
            assertThat(ended.text()).contains("fetching Maven", "is not the release that was expected");
        });
        try (var left = Files.walk(folder.resolve("home"))) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
    }

    /** A folder for PATH with what the scripts use and an {@code mvn} of that version. */
    private Path tools(String version) throws IOException {
        Path tools = Files.createDirectories(folder.resolve("tools"));
        for (String tool : List.of(
                "sh",
                "sed",
                "awk",
                "head",
                "cut",
                "dirname",
                "readlink",
                "mkdir",
                "mktemp",
                "rm",
                "mv",
                "tar",
                "curl",
                "wget",
                "sha512sum",
                "shasum")) {
            for (String place : List.of("/bin", "/usr/bin", "/usr/local/bin")) {
                Path binary = Path.of(place, tool);
                if (Files.exists(binary)) {
                    script(tools.resolve(tool), "exec " + binary + " \"$@\"");
                }
            }
        }
        script(
                tools.resolve("mvn"),
                "if [ \"$1\" = --version ]; then echo 'Apache Maven " + version
                        + " (abc)'; else echo \"mvn called with $*\"; fi");
        return tools;
    }

    private void build(String lines) throws IOException {
        script(
                tree.resolve("mvnw"),
                "cd \"$(dirname \"$0\")\"\necho x >>builds\nmkdir -p launcher/target/lib\n"
                        + "echo '[INFO] Building Dunlin :: runtime 1 [2/6]'\necho '[INFO] Building Dunlin :: launcher 1 [6/6]'\n"
                        + lines);
    }

    private static void script(Path file, String lines) throws IOException {
        Files.writeString(
                file, "#!/bin/sh\n" + lines + "\n", StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private int builds() throws IOException {
        return Files.readAllLines(tree.resolve("builds")).size();
    }

    /** The class path of the launcher: jars, once everything is packaged. */
    private static List<String> jars() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar"))
                .toList();
    }

    private static Ended run(Path folder, Map<String, String> environment, String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(List.of(command)))
                .directory(folder.toFile())
                .redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), text);
    }
}
