package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.SimulatedDisk.Failure;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.NamedTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A save that fails at any operation, by an error, a killed process or a power cut. */
class SaveFaultTest {
    private static final Path ROOT = Path.of("/run/ckpt");

    private final SimulatedDisk disk = new SimulatedDisk();
    private final CheckpointFolder folder = new CheckpointFolder(ROOT, disk);

    private static SimulatedDisk diskWithStep(long step) {
        SimulatedDisk disk = new SimulatedDisk();
        SampleRun.save(new CheckpointFolder(ROOT, disk), step, 2, 1).forEach(Ranks.Ending::value);
        return disk;
    }

    /** The step that a new start would go on from; its bytes are compared. */
    private static long restored(CheckpointFolder folder) {
        List<NamedTensor> into = SampleRun.blank();
        Restore.Outcome outcome = new Restore(folder, Peers.alone(), SampleRun.CLOCK, HostAccess.HOST).newest(into);
        RunState state = outcome.restored().orElseThrow().state();
        assertThat(state).isEqualTo(SampleRun.state(state.step()));
        assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(SampleRun.tensors(state.step())));
        assertThat(outcome.rejected())
                .as("nothing with a final name is torn")
                .allMatch(r -> r.folder().toString().endsWith(".tmp"));
        return state.step();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldKeepWhatWasThereWhenAnyOperationFails(int ranks) {
        int failures = 0;
        for (long k = 0; ; k++) {
            SimulatedDisk disk = diskWithStep(1);
            CheckpointFolder folder = new CheckpointFolder(ROOT, disk);
            disk.failAt(k, Failure.ERROR);
            List<Ranks.Ending<CheckpointEvent.Saved>> endings = SampleRun.save(folder, 2, ranks, 2);
            boolean reached = disk.hasFailed();
            disk.heal();
            if (!reached) {
                assertThat(restored(folder)).isEqualTo(2);
                break;
            }
            failures++;
            for (Ranks.Ending<CheckpointEvent.Saved> ending : endings) {
                assertThat(ending.cause())
                        .as("every rank learns of the failure of operation %d", k)
                        .isInstanceOf(CheckpointException.class)
                        .hasMessageMatching("(?s).*rank [0-2] .*")
                        .hasMessageContaining(ROOT.toString());
            }
            assertThat(restored(folder)).isBetween(1L, 2L);
            SampleRun.save(folder, 3, ranks, 3).forEach(Ranks.Ending::value);
            assertThat(restored(folder)).isEqualTo(3);
            assertThat(folder.scan()).noneMatch(e -> e.standing() == Standing.UNFINISHED);
        }
        assertThat(failures).as("operations of a save").isGreaterThan(20);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldFindACommittedStepAfterBeingKilledAnywhere(int ranks) {
        for (long k = 0; ; k++) {
            SimulatedDisk disk = diskWithStep(1);
            CheckpointFolder folder = new CheckpointFolder(ROOT, disk);
            disk.failAt(k, Failure.DEATH);
            SampleRun.save(folder, 2, ranks, 2);
            boolean reached = disk.hasFailed();
            disk.heal();
            if (!reached) {
                break;
            }
            long step = restored(folder);
            assertThat(step).isBetween(1L, 2L);
            SampleRun.save(folder, step + 1, ranks, 3).forEach(Ranks.Ending::value);
            assertThat(restored(folder)).isEqualTo(step + 1);
        }
    }

    @Test
    void shouldFindACommittedStepAfterAPowerCutAnywhere() {
        Random random = new Random(7);
        boolean done = false;
        for (long k = 0; !done; k++) {
            for (int repetition = 0; repetition < 20; repetition++) {
                SimulatedDisk disk = diskWithStep(1);
                CheckpointFolder folder = new CheckpointFolder(ROOT, disk);
                disk.failAt(k, Failure.DEATH);
                List<Ranks.Ending<CheckpointEvent.Saved>> endings = SampleRun.save(folder, 2, 2, 2);
                done = !disk.hasFailed();
                disk.powerCut(random);
                if (done) {
                    endings.forEach(Ranks.Ending::value);
                    assertThat(restored(folder)).as("what was reported saved").isEqualTo(2);
                } else {
                    assertThat(restored(folder)).isBetween(1L, 2L);
                }
            }
        }
    }

    @Test
    void shouldFinishACommitThatWasRenamedAndNotMadeDurable() {
        long operations = operationsOfASave();
        CheckpointWriter writer = writer(1);
        writer.begin(0);
        disk.failAt(operations - 1, Failure.ERROR);
        assertThatThrownBy(() -> writer.save(SampleRun.state(5), SampleRun.tensors(5)))
                .hasMessageContaining("forceFolder");
        disk.heal();
        assertThat(disk.exists(folder.committed(5))).isTrue();

        assertThat(writer.save(SampleRun.state(5), SampleRun.tensors(5)).step()).isEqualTo(5);
        disk.powerCut(new Random(1));
        assertThat(restored(folder)).isEqualTo(5);
    }

    private static long operationsOfASave() {
        for (long k = 0; ; k++) {
            SimulatedDisk disk = new SimulatedDisk();
            CheckpointWriter writer = new CheckpointWriter(
                    new CheckpointFolder(ROOT, disk), Peers.alone(), 1, CommitPermit.GRANTED, SampleRun.CLOCK);
            writer.begin(0);
            disk.failAt(k, Failure.ERROR);
            try {
                writer.save(SampleRun.state(5), SampleRun.tensors(5));
                return k;
            } catch (CheckpointException _) {
                // counted
            }
        }
    }

    private CheckpointWriter writer(long generation) {
        return new CheckpointWriter(folder, Peers.alone(), generation, CommitPermit.GRANTED, SampleRun.CLOCK);
    }

    @Test
    void shouldRefuseToBeginWithoutRoom() {
        CheckpointWriter writer = writer(1);
        writer.begin(0);
        disk.usableBytes(1_000);
        assertThatThrownBy(() -> writer.save(SampleRun.state(1), SampleRun.tensors(1)))
                .isInstanceOfSatisfying(CheckpointException.class, e -> {
                    assertThat(e.error()).isEqualTo(CheckpointError.NO_SPACE);
                    assertThat(e).hasMessageContaining("has 1,000");
                });
        assertThat(folder.scan()).as("not a byte was written").isEmpty();
    }

    @Test
    void shouldNotLetAStaleRankCommit() {
        CheckpointWriter frozen = writer(1);
        frozen.begin(0);
        CheckpointWriter successor = writer(2);
        successor.begin(0);
        assertThatThrownBy(() -> frozen.save(SampleRun.state(1), SampleRun.tensors(1)))
                .isInstanceOfSatisfying(
                        CheckpointException.class, e -> assertThat(e.error()).isEqualTo(CheckpointError.STALE))
                .hasMessageContaining("generation 2");
        successor.save(SampleRun.state(2), SampleRun.tensors(2));
        assertThat(restored(folder)).isEqualTo(2);
        assertThat(folder.scan()).hasSize(1);
    }

    @Test
    void shouldNotLetARankCommitThatBecameStaleWhileItWrote() {
        CheckpointWriter successor = writer(2);
        CommitPermit takenOver = (generation, step) -> successor.begin(0);
        CheckpointWriter frozen = new CheckpointWriter(folder, Peers.alone(), 1, takenOver, SampleRun.CLOCK);
        frozen.begin(0);
        assertThatThrownBy(() -> frozen.save(SampleRun.state(1), SampleRun.tensors(1)))
                .isInstanceOfSatisfying(
                        CheckpointException.class, e -> assertThat(e.error()).isEqualTo(CheckpointError.STALE));
        assertThat(folder.scan()).isEmpty();
    }

    @Test
    void shouldAskForAPermitBeforeEachCommit() {
        CommitPermit refused = (generation, step) -> {
            throw new CheckpointException(
                    CheckpointError.STALE, "generation %d may not commit step %d".formatted(generation, step), "");
        };
        CheckpointWriter writer = new CheckpointWriter(folder, Peers.alone(), 4, refused, SampleRun.CLOCK);
        writer.begin(0);
        assertThatThrownBy(() -> writer.save(SampleRun.state(9), SampleRun.tensors(9)))
                .hasMessage("generation 4 may not commit step 9");
        assertThat(folder.scan()).isEmpty();
    }

    @Test
    void shouldRefuseStatesThatDiffer() {
        List<Ranks.Ending<CheckpointEvent.Saved>> endings = Ranks.run(2, peers -> {
            CheckpointWriter writer = new CheckpointWriter(folder, peers, 1, CommitPermit.GRANTED, SampleRun.CLOCK);
            writer.begin(0);
            return writer.save(
                    SampleRun.state(3 + peers.rank()), RunContent.cut(SampleRun.tensors(3), peers.rank(), 2));
        });
        assertThat(endings).allSatisfy(e -> assertThat(e.cause()).hasMessageContaining("not at the same place"));
        assertThat(folder.scan()).isEmpty();
    }

    @Test
    void shouldRefuseToCommitWhatDoesNotCoverTheState() {
        List<Ranks.Ending<CheckpointEvent.Saved>> endings = Ranks.run(3, peers -> {
            CheckpointWriter writer = new CheckpointWriter(folder, peers, 1, CommitPermit.GRANTED, SampleRun.CLOCK);
            writer.begin(0);
            List<NamedTensor> share = RunContent.cut(SampleRun.tensors(3), peers.rank(), 3);
            return writer.save(SampleRun.state(3), peers.rank() == 1 ? List.of() : share);
        });
        assertThat(endings).allSatisfy(e -> assertThat(e.cause()).hasMessageContaining("by no rank"));
        assertThat(folder.scan()).isEmpty();
    }

    @Test
    void shouldSetAsideWhatLiesAheadAndDeleteItOnceThePointIsPassed() {
        CheckpointWriter first = writer(1);
        first.begin(0);
        first.save(SampleRun.state(10), SampleRun.tensors(10));
        first.save(SampleRun.state(20), SampleRun.tensors(20));
        CheckpointWriter second = writer(2);
        assertThat(second.begin(10))
                .singleElement()
                .isInstanceOfSatisfying(CheckpointEvent.Tidied.class, t -> assertThat(t.reason())
                        .contains("from step 10"));
        assertThat(restored(folder)).isEqualTo(10);
        assertThat(folder.scan()).extracting(Entry::standing).containsExactly(Standing.ASIDE, Standing.COMMITTED);

        second.save(SampleRun.state(20), SampleRun.tensors(20));
        second.housekeeping().thin(20, new Retention(3, 0, 0));
        assertThat(folder.scan()).extracting(Entry::name).containsExactly("step-00000020", "step-00000010");
    }
}
