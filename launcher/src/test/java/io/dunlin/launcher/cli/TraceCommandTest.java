package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The trace is JSON that a viewer of Chrome's format takes, with the times of all ranks on one clock. */
class TraceCommandTest {
    private static final long AHEAD_NS = 5_000_000; // rank 1's clock, before that of rank 0

    private final RecordedTerminal recorded = new RecordedTerminal();
    private final CommandLineTool tool = new CommandLineTool(recorded.terminal(), "io.dunlin.launcher.Dunlin");

    @TempDir
    private Path folder;

    private RunFolder run = new RunFolder(Path.of(""));
    private long nowNs;

    @BeforeEach
    void makeARun() throws IOException {
        run = new RunFolder(Files.createDirectory(folder.resolve("run")));
        Files.writeString(run.job(), "");
    }

    /** Two operations that overlap; on rank 1 the second fails. */
    private void record(int rank, long generation) {
        long startNs = 1_000_000_000L - (rank == 1 ? AHEAD_NS : 0);
        nowNs = startNs;
        try (FlightRecorder recorder = FlightRecorder.create(
                run.flights(generation).resolve(FlightRecorder.fileName(rank)),
                new FlightRecorder.Identity(rank, 2, generation, "host\"" + rank, 10 + rank),
                16,
                () -> nowNs,
                () -> Instant.EPOCH)) {
            OperationListener listener = recorder.follow(Group.world(2), (int) generation, 1);
            if (rank == 1) {
                listener.clockMeasured(AHEAD_NS, 2_500);
            }
            Call call = new Call();
            MemorySegment data = Arena.ofAuto().allocate(4096);
            call.allReduce(data, data, DType.F32, ReduceOp.SUM);
            listener.submitted(0);
            nowNs = startNs + 10_000;
            listener.entered(0, call, 1);
            listener.submitted(1);
            listener.entered(1, call, 1);
            listener.starved(0, 1 - rank);
            nowNs = startNs + 50_000;
            listener.received(0, 1 - rank, 4096);
            listener.sent(0, 1 - rank, 4096);
            nowNs = startNs + 60_000;
            listener.done(0);
            listener.awaited(0, 55_000);
            nowNs = startNs + 100_000;
            if (rank == 0) {
                listener.done(1);
            } else {
                listener.failed(1);
                listener.gaveUp(CollectiveException.aborted("told to"));
            }
            listener.closed();
        }
    }

    private static List<JsonNode> events(Path file) throws IOException {
        JsonNode trace = new JsonMapper().readTree(Files.readString(file));
        List<JsonNode> events = new ArrayList<>();
        trace.get("traceEvents").forEach(events::add);
        return events;
    }

    private static List<JsonNode> ofKind(List<JsonNode> events, String kind) {
        return events.stream()
                .filter(event -> event.get("ph").asString().equals(kind))
                .toList();
    }

    @Test
    void shouldPutRanksGroupsAndOperationsIntoATrace() throws IOException {
        record(0, 3);
        record(1, 3);

        assertThat(tool.run("trace", run.root().toString())).isZero();

        List<JsonNode> events = events(run.root().resolve("trace.json"));
        assertThat(ofKind(events, "M").stream()
                        .filter(event -> event.get("name").asString().equals("process_name"))
                        .map(event -> event.get("args").get("name").asString()))
                .containsExactly("rank 0 (host\"0, pid 10)", "rank 1 (host\"1, pid 11, clock ± 2.5 us)");
        assertThat(ofKind(events, "M").stream()
                        .filter(event -> event.get("name").asString().equals("thread_name"))
                        .map(event -> event.get("args").get("name").asString()))
                .containsExactly("group world", "group world (2)", "group world", "group world (2)");
        List<JsonNode> slices = ofKind(events, "X");
        assertThat(slices).hasSize(4).allSatisfy(slice -> {
            assertThat(slice.get("name").asString()).isEqualTo("all-reduce");
            assertThat(slice.get("ts").asDouble()).isCloseTo(10, within(1e-6));
            assertThat(slice.get("args").get("bytes").asLong()).isEqualTo(4096);
        });
        assertThat(slices.getFirst().get("dur").asDouble()).isCloseTo(50, within(1e-6));
        assertThat(slices.getFirst().get("args").get("receive_stall_us").asDouble())
                .isCloseTo(40, within(1e-6));
        assertThat(slices.get(0).get("tid")).isNotEqualTo(slices.get(1).get("tid"));
        assertThat(ofKind(events, "i"))
                .extracting(event -> event.get("name").asString())
                .containsExactly("all-reduce of 4,096 bytes F32 SUM failed", "DUN-701  told to");
        assertThat(recorded.out())
                .contains("trace      generation 3: 4 operations of 2 ranks in ")
                .containsPattern("   0  host\"0 +2 +4.10 kB +4.10 kB +0.000 ms +0.1 ms")
                .containsPattern("   1  host\"1 .* DUN-701  told to");
    }

    @Test
    void shouldTakeTheNewestGenerationUnlessAnotherIsNamed() throws IOException {
        record(0, 1);
        record(0, 2);
        Path file = folder.resolve("one.json");

        assertThat(tool.run("trace", run.root().toString(), "--generation", "1", "--out", file.toString()))
                .isZero();

        assertThat(recorded.out()).contains("generation 1: 2 operations of 1 ranks in " + file);
        assertThat(ofKind(events(file), "X")).hasSize(2);
        assertThat(tool.run("trace", run.root().toString(), "--generation", "7"))
                .isEqualTo(2);
        assertThat(recorded.err())
                .startsWith("DUN-134  ")
                .contains("has no flight recording of generation 7", "generations with recordings: [1, 2]");
    }

    @Test
    void shouldSayThatTheFileCannotBeWritten() {
        record(0, 1);
        assertThat(tool.run(
                        "trace",
                        run.root().toString(),
                        "--out",
                        folder.resolve("none/t.json").toString()))
                .isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-100  --out: ").contains("there is no folder");
    }

    @Test
    void shouldSayWhenThereIsNothingToShow() {
        assertThat(tool.run("trace", run.root().toString())).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-134  ").contains("observe.flight_operations");
    }
}
