package io.dunlin.collectives.flight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.engine.ChildJvm;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a rank writes down is what anybody reads, whatever became of the rank. */
class FlightRecorderTest {
    private static final int OPERATIONS = 8;
    private static final Group GROUP = new Group("data", List.of(4, 1));
    private static final Instant NOON = Instant.parse("2026-01-02T12:00:00.000000123Z");

    @TempDir
    private Path folder;

    private Path file = Path.of("");
    private long nowNs = 1_000;

    @SuppressWarnings("NullAway.Init") // set before each test
    private FlightRecorder recorder;

    @SuppressWarnings("NullAway.Init") // set before each test
    private OperationListener listener;

    @BeforeEach
    void record() {
        file = folder.resolve("flight").resolve(FlightRecorder.fileName(4));
        recorder = FlightRecorder.create(
                file, new FlightRecorder.Identity(4, 6, 7, "höst", 4711), OPERATIONS, () -> nowNs, () -> NOON);
        listener = recorder.follow(GROUP, 7, 1);
    }

    @AfterEach
    void close() {
        recorder.close();
    }

    private static Call reduction(long bytes) {
        Call call = new Call();
        MemorySegment data = Arena.ofAuto().allocate(bytes);
        call.allReduce(data, data, DType.BF16, ReduceOp.MAX);
        return call;
    }

    private Flight read() {
        try (FlightReader reader = FlightReader.open(file)) {
            return reader.read();
        }
    }

    private GroupFlight readGroup() {
        return read().groups().getFirst();
    }

    private void complete(long number) {
        listener.submitted(number);
        listener.entered(number, reduction(64), 2);
        listener.done(number);
    }

    @Test
    void shouldReadWhoseItIs() {
        recorder.clockMeasured(-250, 40);
        recorder.iteration(12);

        Flight flight = read();

        assertThat(flight.identity()).isEqualTo(new FlightRecorder.Identity(4, 6, 7, "höst", 4711));
        assertThat(flight.clock().anchorNs()).isEqualTo(1_000);
        assertThat(flight.clock().anchor()).isEqualTo(NOON);
        assertThat(flight.clock().onReference(300)).isEqualTo(50);
        assertThat(flight.clock().errorNs()).isEqualTo(40);
        assertThat(flight.iteration()).isEqualTo(12);
    }

    @Test
    void shouldReadAnOperationWithItsTimesAndStalls() {
        recorder.iteration(3);
        listener.submitted(0);
        nowNs = 1_100;
        listener.entered(0, reduction(64), 2);
        nowNs = 1_200;
        listener.sent(0, 1, 40);
        listener.starved(0, 1);
        nowNs = 1_250;
        listener.starved(0, 1);
        listener.refused(0, 1);
        nowNs = 1_300;
        listener.received(0, 1, 10);
        nowNs = 1_400;
        listener.sent(0, 1, 24);
        listener.received(0, 1, 54);
        listener.losses(1, 5);
        nowNs = 1_500;
        listener.done(0);
        listener.awaited(0, 333);

        GroupFlight group = readGroup();

        assertThat(group.key()).isEqualTo(new GroupFlight.Key("data", List.of(4, 1), 7, 1));
        assertThat(group.submitted()).isEqualTo(1);
        assertThat(group.progressNs()).isEqualTo(1_500);
        assertThat(group.operations())
                .containsExactly(new OperationRecord(
                        0,
                        new OperationRecord.Called(OperationKind.ALL_REDUCE, DType.BF16, ReduceOp.MAX, 2, 64, 0),
                        OperationRecord.State.DONE,
                        3,
                        new OperationRecord.Times(1_000, 1_100, 1_300, 1_400, 1_400, 1_500),
                        new OperationRecord.Traffic(64, 64, 150, 100, 333, 1, 1, 5)));
        assertThat(group.links().get(1))
                .isEqualTo(new LinkRecord(
                        new LinkRecord.Way(64, 2, 150, 150, 0),
                        new LinkRecord.Way(64, 2, 100, 100, 0),
                        100,
                        100,
                        5,
                        new LinkRecord.Messages(0, 0)));
    }

    @Test
    void shouldShowWhatIsUnderWayAndWhoIsWaitedFor() {
        complete(0);
        listener.submitted(1);
        listener.submitted(2);
        listener.entered(1, reduction(64), 0);
        nowNs = 5_000;
        listener.starved(1, 1);
        listener.alive(6_000);

        GroupFlight group = readGroup();

        assertThat(group.submitted()).isEqualTo(3);
        assertThat(group.entered()).isEqualTo(2);
        assertThat(group.aliveNs()).isEqualTo(6_000);
        assertThat(group.oldestUnderWay())
                .hasValueSatisfying(one -> assertThat(one.number()).isEqualTo(1));
        assertThat(group.links().get(1).received().stalledSinceNs()).isEqualTo(5_000);

        listener.sending(1, 5_500);
        listener.receiving(1, 5_600);
        assertThat(readGroup().links().get(1).messages()).isEqualTo(new LinkRecord.Messages(5_500, 5_600));
    }

    @Test
    void shouldKeepTheLastOperationsAndReadOnWhereItWas() {
        try (FlightReader reader = FlightReader.open(file)) {
            LongStream.range(0, 20).forEach(this::complete);
            assertThat(reader.readOn().groups().getFirst().operations())
                    .extracting(OperationRecord::number)
                    .containsExactlyElementsOf(LongStream.range(12, 20).boxed().toList());
            listener.submitted(20);
            listener.entered(20, reduction(64), 0);
            assertThat(reader.readOn().groups().getFirst().operations())
                    .extracting(OperationRecord::number)
                    .containsExactly(20L);
            listener.done(20);
            assertThat(reader.readOn().groups().getFirst().operations())
                    .extracting(OperationRecord::state)
                    .containsExactly(OperationRecord.State.DONE);
            assertThat(reader.readOn().groups().getFirst().operations()).isEmpty();
            assertThat(reader.read().groups().getFirst().operations()).hasSize(OPERATIONS);
        }
    }

    @Test
    void shouldNotBelieveATornRecord() throws IOException {
        LongStream.range(0, 5).forEach(this::complete);
        long place = new Layout(6, OPERATIONS).operation(Layout.FILE_HEAD_BYTES, 3);
        try (RandomAccessFile damaged = new RandomAccessFile(file.toFile(), "rw")) {
            damaged.seek(place);
            damaged.writeLong(Long.reverseBytes(2 * 3 + 1)); // as if the writer had died while it entered it
        }

        GroupFlight group = readGroup();

        assertThat(group.operations()).extracting(OperationRecord::number).containsExactly(0L, 1L, 2L, 4L);
        assertThat(group.torn()).isEqualTo(1);
    }

    @Test
    void shouldKeepWhyAGroupGaveUp() {
        listener.submitted(0);
        listener.entered(0, reduction(64), 0);
        listener.failed(0);
        listener.gaveUp(CollectiveException.aborted("rank 1 is gone" + "é".repeat(400)));
        listener.closed();

        GroupFlight group = readGroup();

        assertThat(group.state()).isEqualTo(GroupFlight.State.FAILED);
        assertThat(group.failure()).startsWith("DUN-701  rank 1 is gone").endsWith("é");
        assertThat(group.operations()).extracting(OperationRecord::state).containsExactly(OperationRecord.State.FAILED);
    }

    @Test
    void shouldGiveTheSectionsOfClosedGroupsToNewOnes() {
        List<OperationListener> open = new ArrayList<>();
        for (int i = 1; i < FlightRecorder.GROUPS; i++) {
            open.add(recorder.follow(new Group("group " + i, List.of(4, 0)), 7, 1));
        }
        assertThat(recorder.follow(GROUP, 8, 1)).isSameAs(OperationListener.NONE);
        assertThat(read().unrecorded()).isEqualTo(1);

        for (int i = 0; i < 1000; i++) {
            open.get(2).closed();
            open.set(2, recorder.follow(new Group("again " + i, List.of(4, 0)), 7, 1));
        }

        assertThat(read().groups()).hasSize(FlightRecorder.GROUPS);
        assertThat(read().groups()).extracting(GroupFlight::name).contains("data", "group 1", "again 999");
    }

    @Test
    void shouldBeReadableAfterKillAtAnyMoment() throws Exception {
        Process process = ChildJvm.start(RecordingRank.class, List.of(file.toString()));
        try {
            assertThat(process.inputReader().readLine()).isEqualTo("ready");
        } finally {
            process.destroyForcibly().waitFor(); // SIGKILL
        }

        Flight flight = read();
        GroupFlight group = flight.groups().getFirst();

        assertThat(flight.identity().pid()).isEqualTo(process.pid());
        assertThat(group.state()).isEqualTo(GroupFlight.State.OPEN);
        assertThat(group.entered()).isGreaterThan(RecordingRank.READY_AFTER);
        assertThat(group.torn()).isLessThanOrEqualTo(2);
        assertThat(group.operations().size()).isGreaterThanOrEqualTo(RecordingRank.OPERATIONS - 2);
        List<OperationRecord> done =
                group.operations().subList(0, group.operations().size() - 1);
        assertThat(done).allSatisfy(one -> {
            assertThat(one.state()).isEqualTo(OperationRecord.State.DONE);
            assertThat(one.call().words()).isEqualTo("all-reduce of 4,096 bytes F32 SUM");
            assertThat(one.traffic().receivedBytes()).isEqualTo(4096);
            assertThat(one.times().doneNs()).isGreaterThanOrEqualTo(one.times().enterNs());
        });
    }

    @Test
    void shouldSayWhatIsNoRecording() throws IOException {
        Path other = Files.writeString(folder.resolve("other"), "x".repeat(5_000));
        Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(Files.readAllBytes(file), 8_192));

        assertThatThrownBy(() -> FlightReader.open(other))
                .isInstanceOf(FlightFileException.class)
                .hasMessageContaining("does not begin like one");
        assertThatThrownBy(() -> FlightReader.open(cut))
                .isInstanceOf(FlightFileException.class)
                .hasMessageContaining("length");
    }
}
