package io.dunlin.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightFolderTest {
    @TempDir
    private Path folder;

    @Test
    void shouldKeepFourGenerationsWithTheNextOneAndWhatIsNotItsOwn() throws IOException {
        RunFolder run = new RunFolder(folder);
        for (long generation : new long[] {1, 2, 3, 9, 10, 11}) {
            Files.createDirectories(run.flights(generation));
            Files.writeString(run.flights(generation).resolve("rank-00000.flight"), "");
        }
        Files.writeString(run.flights().resolve("notes.txt"), "mine");

        new FlightFolder(run).prune();

        assertThat(new FlightFolder(run).generations()).containsExactly(9L, 10L, 11L);
        assertThat(run.flights().resolve("notes.txt")).exists();
    }

    @Test
    void shouldFindNothingWhereNothingIs() {
        assertThat(new FlightFolder(new RunFolder(folder)).generations()).isEmpty();
        assertThat(new FlightFolder(new RunFolder(folder)).read(1)).isEmpty();
    }
}
