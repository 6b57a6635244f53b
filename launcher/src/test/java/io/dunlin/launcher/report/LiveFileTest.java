package io.dunlin.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveFileTest {
    private static final Instant NOW = Instant.parse("2026-11-22T21:04:00Z");

    @TempDir
    private Path folder;

    private RunFolder run = new RunFolder(Path.of(""));
    private LiveFile file = new LiveFile(Path.of(""));

    @BeforeEach
    void startTwoRanks() {
        run = new RunFolder(folder);
        file = new LiveFile(run.live());
        file.on(
                NOW,
                new RunEvent.RanksStarted(
                        3,
                        List.of(
                                new RunEvent.Rank(0, "h", 100, 1, Path.of("log/rank-00000.log")),
                                new RunEvent.Rank(1, "h", 101, 1, Path.of("log/rank-00001.log")))));
    }

    private static RunEvent step(int rank, long step) {
        return new RunEvent.FromRank(rank, new Report.Step(step, 9, 2.5, 1, 1e-3, true, 64, 64, 1, 1, 1, 1));
    }

    @Test
    void shouldSayWhereEachRankIs() {
        file.on(NOW.plusSeconds(1), step(1, 7));
        file.on(NOW.plusSeconds(2), new RunEvent.FromRank(0, new Report.Entered(Phase.SAVE)));

        LiveFile.Live live = LiveFile.read(run).orElseThrow();
        assertThat(live.generation()).isEqualTo(3);
        assertThat(live.ranks())
                .containsExactly(
                        new LiveFile.RankLine(0, 100, Phase.SAVE, 0, Double.NaN, "2026-11-22T21:04:02Z"),
                        new LiveFile.RankLine(1, 101, Phase.STEP, 7, 2.5, "2026-11-22T21:04:01Z"));
    }

    @Test
    void shouldWriteAtMostOnceASecond() {
        file.on(NOW.plusMillis(1000), step(0, 1));
        file.on(NOW.plusMillis(1500), step(0, 2));

        assertThat(LiveFile.read(run).orElseThrow().ranks().getFirst().step()).isEqualTo(1);
    }

    @Test
    void shouldGoWithTheRun() {
        file.on(NOW, new RunEvent.Ended(RunEvent.Outcome.FINISHED, 9, 9, Duration.ofSeconds(1), "", "", ""));

        assertThat(LiveFile.read(run)).isEqualTo(Optional.empty());
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldTellAllListenersInOrderEvenIfOneFails() {
        List<String> heard = new ArrayList<>();
        RunListener broken = (at, event) -> {
            throw new IllegalStateException("broken");
        };
        try (BackgroundListener listeners =
                new BackgroundListener(List.of(broken, (at, event) -> heard.add(event.toString())))) {
            listeners.on(NOW, new RunEvent.Requested("save", "a"));
            listeners.on(NOW, new RunEvent.Requested("stop", "b"));
        }

        assertThat(heard).hasSize(2).first().asString().contains("save");
    }

    @Test
    void shouldNotHoldUpWhoeverTells() {
        CountDownLatch held = new CountDownLatch(1);
        List<RunEvent> heard = new ArrayList<>();
        RunListener terminal = (at, event) -> {
            try {
                held.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            heard.add(event);
        };
        try (BackgroundListener listeners = new BackgroundListener(List.of(terminal))) {
            for (int i = 0; i < 1000; i++) {
                listeners.on(NOW, step(0, i));
            }
            assertThat(heard).isEmpty();
            held.countDown();
        }

        assertThat(heard).hasSize(1000);
    }
}
