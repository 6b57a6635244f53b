package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.worker.Command;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the agent says about ranks that wait for each other. */
class BlameTest {
    private static final long SECOND_NS = 1_000_000_000L;

    @TempDir
    private Path folder;

    private final List<RunEvent> told = new ArrayList<>();
    private final List<RankWatch> ranks = new ArrayList<>();
    private final List<FlightRecorder> recorders = new ArrayList<>();
    private final List<OperationListener> listeners = new ArrayList<>();
    private long nowNs = SECOND_NS;

    /** Rank 0 waits in operation 0, which rank 1 has not called. */
    @BeforeEach
    void waitForRankOne() {
        for (int rank = 0; rank < 2; rank++) {
            ranks.add(new RankWatch(rank, new Running(rank, ""), nowNs));
            ranks.get(rank).heard(new Report.Entered(Phase.FIRST_STEP), nowNs);
            FlightRecorder recorder = FlightRecorder.create(
                    folder.resolve(FlightRecorder.fileName(rank)),
                    new FlightRecorder.Identity(rank, 2, 1, "h", 100 + rank),
                    16,
                    () -> nowNs,
                    () -> Instant.EPOCH);
            recorders.add(recorder);
            listeners.add(recorder.follow(Group.world(2), 1, 1));
        }
        Call call = new Call();
        MemorySegment data = Arena.ofAuto().allocate(64);
        call.allReduce(data, data, DType.F32, ReduceOp.SUM);
        listeners.getFirst().submitted(0);
        listeners.getFirst().entered(0, call, 0);
        listeners.getFirst().starved(0, 1);
    }

    @AfterEach
    void close() {
        recorders.forEach(FlightRecorder::close);
    }

    private Blame blame() {
        Timeline timeline = new Timeline() {
            @Override
            public long nowNs() {
                return nowNs;
            }

            @Override
            public Instant now() {
                return Instant.EPOCH;
            }

            @Override
            public Optional<AgentEvent> next(long deadlineNs) {
                return Optional.empty();
            }
        };
        Deadlines deadlines = new Deadlines(
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                1,
                Duration.ofSeconds(20),
                Duration.ofSeconds(5));
        return new Blame(
                new GenerationRun.Context(
                        timeline,
                        spec -> {
                            throw new IllegalStateException();
                        },
                        new Simulation(2),
                        (at, event) -> told.add(event),
                        deadlines),
                folder,
                ranks);
    }

    /** Time goes by, and only rank 0 shows signs of life. */
    private void pass(Blame blame, int seconds) {
        for (int i = 0; i < 10 * seconds; i++) {
            nowNs += SECOND_NS / 10;
            listeners.getFirst().alive(nowNs);
            blame.look();
        }
    }

    private List<String> texts() {
        return told.stream().map(event -> ((RunEvent.Notice) event).text()).toList();
    }

    @Test
    void shouldNameTheRankThatStandsStillOnceAndInTime() {
        try (Blame blame = blame()) {
            pass(blame, 4);
            assertThat(texts())
                    .singleElement()
                    .asString()
                    .startsWith("rank 1 stands still: no sign of life for 2.1 s. Operation 0 of group world "
                            + "(all-reduce of 64 bytes F32 SUM) was entered by rank 0, not by rank 1. "
                            + "Rank 1: its process is stopped, in phase first step");

            blame.consider();
            blame.tell();
            assertThat(told).hasSize(1);
        }
    }

    @Test
    void shouldBePatientWithARankThatIsAlive() {
        try (Blame blame = blame()) {
            for (int i = 0; i < 20; i++) {
                listeners.get(1).alive(nowNs + SECOND_NS);
                pass(blame, 1);
                assertThat(told).hasSize(i < 15 ? 0 : 1); // half of the first step's 30 s
            }
            assertThat(texts().getFirst()).startsWith("rank 1 is alive and has not called what the others");
        }
    }

    @Test
    void shouldExplainWhatWasWaitedForWhenARankFails() {
        try (Blame blame = blame()) {
            nowNs += SECOND_NS / 10;
            ranks.get(1).exited(new RankExit(137));

            blame.consider();
            assertThat(told).isEmpty();
            blame.tell();

            assertThat(texts())
                    .singleElement()
                    .asString()
                    .startsWith("rank 1 ended in the middle of its work. Operation 0 of group world");
        }
    }

    /** Its clock is another: what it has written says nothing about how long it has been still. */
    @Test
    void shouldNotJudgeARankOfAnotherHostWhileItRuns() {
        ranks.set(1, new RankWatch(1, new Running(1, "10.0.0.2"), nowNs));
        try (Blame blame = blame()) {
            pass(blame, 40);
            blame.consider();
            blame.tell();
            assertThat(told).isEmpty();

            ranks.get(1).exited(new RankExit(137));
            blame.consider();
            blame.tell();
            assertThat(texts())
                    .singleElement()
                    .asString()
                    .startsWith("rank 1 ended in the middle of its work. Operation 0 of group world");
        }
    }

    @Test
    void shouldSayOnceThatItCannotRead() throws IOException {
        Path other = Files.writeString(folder.resolve("other"), "no recording");
        Files.move(other, folder.resolve(FlightRecorder.fileName(0)), StandardCopyOption.REPLACE_EXISTING);
        try (Blame blame = blame()) {
            pass(blame, 3);
            assertThat(texts()).singleElement().asString().startsWith("nobody watches the ranks' communication: ");
        }
    }

    private record Running(int rank, String host) implements RankHandle {
        @Override
        public long pid() {
            return 100 + rank;
        }

        @Override
        public Path log() {
            return Path.of("log");
        }

        @Override
        public void send(Command command) {}

        @Override
        public void kill() {}

        @Override
        public String state() {
            return rank == 1 ? "stopped" : "running";
        }
    }
}
