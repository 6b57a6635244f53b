package io.dunlin.launcher.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that a command writes when it is done. That it can be written is looked at before the command begins: what took
 * minutes should not be lost for a word.
 *
 * @param option that named it
 * @param path of the file
 */
record OutputFile(String option, Path path) {
    /** Writes to a file. */
    interface Writing<T> {
        T to(Path file) throws IOException;
    }

    /**
     * Looks whether the file could be written now.
     *
     * @throws CliException if not
     */
    void requireWritable() {
        Path folder = path.toAbsolutePath().normalize().getParent();
        if (Files.isDirectory(path)) {
            throw unwritable("it is a folder");
        }
        if (folder == null || !Files.isDirectory(folder)) {
            throw unwritable("there is no folder " + folder);
        }
        if (!Files.isWritable(Files.exists(path) ? path : folder)) {
            throw unwritable("permission denied");
        }
    }

    /**
     * Writes it.
     *
     * @throws CliException if that fails
     */
    <T> T write(Writing<T> writing) {
        try {
            return writing.to(path);
        } catch (IOException e) {
            throw unwritable(e.toString());
        }
    }

    private CliException unwritable(String why) {
        return new CliException(
                "DUN-100",
                "%s: %s cannot be written: %s".formatted(option, path, why),
                "name a file in a folder that exists and that you may write to");
    }
}
