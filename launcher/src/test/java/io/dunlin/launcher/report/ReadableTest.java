package io.dunlin.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ReadableTest {
    @ParameterizedTest
    @CsvSource({
        "7,7",
        "0.5,0.5",
        "999,999",
        "1000,1.00 k",
        "96_400,96.4 k",
        "803_000,803 k",
        "999_600,1.00 M",
        "8.03e9,8.03 G"
    })
    void shouldShowThreeDigits(String number, String text) {
        assertThat(Readable.about(Double.parseDouble(number.replace("_", "")))).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"500,500 B", "6400000,6.40 MB", "112000000000,112 GB"})
    void shouldShowBytes(long bytes, String text) {
        assertThat(Readable.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"PT0.0314S,31 ms", "PT2.44S,2.4 s", "PT95S,95 s", "PT20M,20 min"})
    void shouldShowTimes(Duration time, String text) {
        assertThat(Readable.time(time)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"PT31S,0:31", "PT725S,12:05", "PT3723S,1:02:03"})
    void shouldShowClocks(Duration time, String text) {
        assertThat(Readable.clock(time)).isEqualTo(text);
    }

    @Test
    void shouldScoreAValueAgainstThoseBeforeIt() {
        RollingScore score = new RollingScore(32);
        for (int i = 0; i < 16; i++) {
            assertThat(score.next(i % 2 == 0 ? 1.0 : 3.0)).isEmpty();
        }
        assertThat(score.next(Double.NaN)).isEmpty();
        assertThat(score.next(5.0)).hasValue(3.0);
    }

    @Test
    void shouldFindTheCommitOfASourceTree(@TempDir Path tree) throws Exception {
        assertThat(Version.commit(tree)).isEmpty();
        Path git = Files.createDirectories(tree.resolve(".git/refs/heads"));
        Files.writeString(tree.resolve(".git/HEAD"), "ref: refs/heads/main\n");
        Files.writeString(tree.resolve(".git/packed-refs"), "# pack\nc0ffee refs/heads/main\n");
        assertThat(Version.commit(tree)).hasValue("c0ffee");
        Files.writeString(git.resolve("main"), "deadbeef\n");
        assertThat(Version.commit(tree)).hasValue("deadbeef");
    }
}
