package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.RunFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What is known of a rank on another host, also if it never started. */
class FarRankTest {
    private final RunFolder folder = new RunFolder(Path.of("run"));
    private final FarRank rank = new FarRank(
            new HostOrder.RankId(1, 3),
            new HostLink.Settings(
                    "h2",
                    1,
                    new RemoteShell("env"),
                    Installation.current(),
                    folder,
                    Duration.ofMillis(50),
                    event -> {}),
            order -> {});
    private final RankWatch watch = new RankWatch(3, rank, 0);

    @Test
    void shouldHaveItsOwnLogAndNameThatOfItsHostWhichIsSilent() {
        assertThat(rank.log()).isEqualTo(folder.log(3));
        assertThatThrownBy(rank::pid)
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("host h2 has not answered")
                .hasMessageContaining("host-h2.log");
        assertThat(watch.name()).isEqualTo("rank 3 (not started)");
    }

    @Test
    void shouldHaveANameThoughItWasNotStarted() {
        rank.notStarted(LaunchException.processNotStarted(3, new IOException("no memory")));
        rank.ended();

        assertThatThrownBy(rank::pid).isInstanceOf(LaunchException.class).hasMessageContaining("no memory");
        assertThat(watch.name()).isEqualTo("rank 3 (not started)");
        assertThat(rank.state()).isEqualTo("ended");
    }

    @Test
    void shouldHaveANameWhenItRuns() {
        rank.started(4711);

        assertThat(watch.name()).isEqualTo("rank 3 (pid 4711)");
    }
}
