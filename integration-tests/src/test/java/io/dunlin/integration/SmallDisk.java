package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A file system of a few megabytes in memory. To mount one needs root: elsewhere the test is skipped and says so, and in
 * CI, where {@code CI=true}, it fails instead.
 */
record SmallDisk(Path path) implements AutoCloseable {
    static SmallDisk of(Path path, long bytes) {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String refused = run(List.of("mount", "-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", path.toString()));
        if (!refused.isEmpty()) {
            assertThat(System.getenv("CI"))
                    .as("in CI this test must run, but: %s", refused)
                    .isNotEqualTo("true");
            Assumptions.abort("needs to mount a small file system: " + refused);
        }
        return new SmallDisk(path);
    }

    /** Makes it larger. */
    void grow(long bytes) {
        assertThat(run(List.of("mount", "-o", "remount,size=" + bytes, path.toString())))
                .isEmpty();
    }

    @Override
    public void close() {
        assertThat(run(List.of("umount", path.toString()))).isEmpty();
    }

    /** Empty if it went well. */
    private static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? "" : "exit code " + process.exitValue() + ": " + output.strip();
        } catch (IOException e) {
            return e.getMessage() == null ? e.toString() : e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
