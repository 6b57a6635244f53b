package io.dunlin.launcher.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;

/**
 * Which Dunlin this is.
 *
 * @param number of the release, written in at build time
 * @param commit of the source tree it was started from; empty for a copy without one
 */
public record Version(String number, String commit) {

    /** The version of this process. The script passes its folder as {@code dunlin.home}. */
    public static Version current() {
        Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String home = System.getProperty("dunlin.home", "");
        return new Version(
                properties.getProperty("version", "unknown"),
                home.isEmpty() ? "" : commit(Path.of(home)).orElse(""));
    }

    /** The commit that is checked out in a source tree, if git has one there. */
    static Optional<String> commit(Path tree) {
        try {
            Path git = tree.resolve(".git");
            if (Files.isRegularFile(git)) {
                git = tree.resolve(Files.readString(git).strip().replaceFirst("^gitdir: ", ""));
            }
            String head = Files.readString(git.resolve("HEAD")).strip();
            return head.startsWith("ref: ") ? reference(git, head.substring(5)) : Optional.of(head);
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    private static Optional<String> reference(Path git, String name) throws IOException {
        Path common = git.resolve("commondir");
        Path store = Files.exists(common)
                ? git.resolve(Files.readString(common).strip()).normalize()
                : git;
        Path loose = store.resolve(name);
        if (Files.exists(loose)) {
            return Optional.of(Files.readString(loose).strip());
        }
        Path packed = store.resolve("packed-refs");
        if (!Files.exists(packed)) {
            return Optional.empty();
        }
        return Files.readAllLines(packed).stream()
                .filter(line -> line.endsWith(" " + name))
                .map(line -> line.substring(0, line.indexOf(' ')))
                .findFirst();
    }

    /** {@code 0.1.0 (a1b2c3d4e5f6)}. */
    @Override
    public String toString() {
        return commit.isEmpty() ? number : number + " (" + commit.substring(0, Math.min(12, commit.length())) + ")";
    }
}
