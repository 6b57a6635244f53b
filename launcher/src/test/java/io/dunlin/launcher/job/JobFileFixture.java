package io.dunlin.launcher.job;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Writes job files and reads them as {@code dunlin} does. */
abstract class JobFileFixture {
    static final String DATA = "[data]\ntext = \"jdk-source\"\n";

    @TempDir
    Path folder;

    final void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    final ResolvedJob load(String name, String text, String... sets) throws IOException {
        write(name, text);
        return JobFile.load(folder.resolve(name), List.of(sets), folder);
    }

    final JobFileException caught(String name, String text, String... sets) throws IOException {
        write(name, text);
        return catchThrowableOfType(
                JobFileException.class, () -> JobFile.load(folder.resolve(name), List.of(sets), folder));
    }

    final String failure(String name, String text, String... sets) throws IOException {
        return caught(name, text, sets).getMessage().replace(folder + "/", "");
    }
}
