package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.checkpoint.CheckpointEvent.Failed;
import io.dunlin.checkpoint.CheckpointEvent.NotTidied;
import io.dunlin.checkpoint.CheckpointEvent.Saved;
import io.dunlin.checkpoint.CheckpointEvent.Skipped;
import io.dunlin.checkpoint.CheckpointEvent.Tidied;
import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointPolicy.AtTheEnd;
import io.dunlin.checkpoint.CheckpointPolicy.Cadence;
import io.dunlin.checkpoint.CheckpointPolicy.Every;
import io.dunlin.checkpoint.CheckpointPolicy.Steps;
import io.dunlin.checkpoint.SimulatedDisk.Failure;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.data.DataPosition;
import io.dunlin.device.HostAccess;
import io.dunlin.train.StepRequest;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CheckpointerTest {
    private final SimulatedDisk disk = new SimulatedDisk();
    private final CheckpointFolder folder = new CheckpointFolder(Path.of("/run/ckpt"), disk);
    private final InstantClock clock = new InstantClock();
    private final List<CheckpointEvent> events = new ArrayList<>();
    private final SampleRun.CountingOptimizer optimizer = new SampleRun.CountingOptimizer();
    private final TrainState state = new TrainState();
    private CommitPermit permit = CommitPermit.GRANTED;

    private Checkpointer checkpointer(Cadence cadence, Retention retention) {
        RunContent content = new RunContent(
                SampleRun.tensors(1),
                HostAccess.HOST,
                RunContent.Copies.ONE,
                optimizer,
                Map.of("seed", "7"),
                RunContent.Auxiliary.NONE);
        CheckpointWriter writer = new CheckpointWriter(
                folder, Peers.alone(), 1, (generation, step) -> permit.require(generation, step), clock);
        Checkpointer checkpointer =
                new Checkpointer(writer, content, new CheckpointPolicy(cadence, retention), events::add);
        checkpointer.begin(state);
        return checkpointer;
    }

    private void step(Checkpointer checkpointer, long step, StepRequest... requests) {
        state.restore(step, step * 100, new DataPosition(0, step));
        checkpointer.afterStep(
                state,
                new StepResult(step, 2.5, 1, 1e-3, true, 100, Set.of(requests), new StepResult.Times(1, 0, 0, 0)));
    }

    private List<Long> steps() {
        return folder.scan().stream().map(Entry::step).toList().reversed();
    }

    private <T extends CheckpointEvent> List<T> events(Class<T> kind) {
        return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    @Test
    void shouldSaveEverySoManySteps() {
        Checkpointer checkpointer = checkpointer(new Steps(3), new Retention(9, 0, 0));
        for (long step = 1; step <= 10; step++) {
            step(checkpointer, step);
        }
        assertThat(steps()).containsExactly(3L, 6L, 9L);
        assertThat(events(Saved.class)).extracting(Saved::step).containsExactly(3L, 6L, 9L);
        assertThat(events(Saved.class)).allSatisfy(saved -> {
            assertThat(saved.bytes())
                    .isEqualTo(
                            new CheckpointInspection(folder).show(saved.step()).bytes());
            assertThat(saved.durationNs()).isPositive();
        });
    }

    @Test
    void shouldSaveOnRequestAndAtTheEnd() {
        Checkpointer checkpointer = checkpointer(new AtTheEnd(), new Retention(9, 0, 0));
        step(checkpointer, 1);
        step(checkpointer, 2, StepRequest.SAVE);
        step(checkpointer, 3);
        checkpointer.finish(state);
        checkpointer.finish(state);
        assertThat(steps()).containsExactly(2L, 3L);
        assertThat(events(Skipped.class)).extracting(Skipped::step).containsExactly(3L);
    }

    @Test
    void shouldSaveWhenStoppedEvenIfThatStepIsNotDue() {
        Checkpointer checkpointer = checkpointer(new Steps(100), new Retention(9, 0, 0));
        step(checkpointer, 5, StepRequest.STOP);
        checkpointer.finish(state);
        assertThat(steps()).containsExactly(5L);
    }

    @Test
    void shouldAskAllRanksToSaveWhenTheTimeIsUp() {
        Checkpointer checkpointer = checkpointer(new Every(Duration.ofMinutes(20)), new Retention(9, 0, 0));
        step(checkpointer, 1);
        assertThat(state.takeRequests()).isZero();
        clock.pass(Duration.ofMinutes(21));
        step(checkpointer, 2);
        assertThat(TrainState.decode(state.takeRequests())).containsExactly(StepRequest.SAVE);
        step(checkpointer, 3, StepRequest.SAVE);
        assertThat(state.takeRequests()).isZero();
        assertThat(steps()).containsExactly(3L);
    }

    @Test
    void shouldRestoreWhatItSaved() {
        optimizer.restoreUpdates(41);
        step(checkpointer(new Steps(1), new Retention(1, 0, 0)), 42);
        RunState saved = new Restore(folder, Peers.alone(), clock, HostAccess.HOST)
                .newest(SampleRun.blank())
                .restored()
                .orElseThrow()
                .state();
        assertThat(saved).isEqualTo(new RunState(42, 4_200, new DataPosition(0, 42), 41, Map.of("seed", "7")));

        TrainState fresh = new TrainState();
        SampleRun.CountingOptimizer freshOptimizer = new SampleRun.CountingOptimizer();
        new RunContent(
                        List.of(),
                        HostAccess.HOST,
                        RunContent.Copies.ONE,
                        freshOptimizer,
                        Map.of(),
                        RunContent.Auxiliary.NONE)
                .resume(saved, fresh);
        assertThat(fresh.step()).isEqualTo(42);
        assertThat(fresh.tokens()).isEqualTo(4_200);
        assertThat(fresh.position()).isEqualTo(new DataPosition(0, 42));
        assertThat(freshOptimizer.updates()).isEqualTo(41);
    }

    @Test
    void shouldKeepTheLastTheMilestonesAndTheBest() {
        Checkpointer checkpointer = checkpointer(new Steps(1), new Retention(2, 5, 1));
        double[] losses = {9, 3, 1.5, 4, 5, Double.NaN, 6, 7, 8};
        for (int i = 0; i < losses.length; i++) {
            checkpointer.evaluated(i + 1, losses[i]);
            step(checkpointer, i + 1);
        }
        assertThat(steps()).containsExactly(3L, 5L, 8L, 9L);
        assertThat(events(Tidied.class))
                .extracting(t -> t.folder().getFileName().toString())
                .contains("step-00000001");
    }

    @Test
    void shouldCountAnEvaluationOnlyForTheNextCheckpoint() {
        Checkpointer checkpointer = checkpointer(new Steps(1), new Retention(9, 0, 0));
        checkpointer.evaluated(1, 3.25);
        step(checkpointer, 1);
        step(checkpointer, 2);
        CheckpointInspection inspection = new CheckpointInspection(folder);
        assertThat(inspection.show(1).state().facts())
                .containsEntry(RunState.VALIDATION_LOSS, "3.25")
                .containsEntry(RunState.VALIDATION_STEP, "1");
        assertThat(inspection.show(2).state().facts()).doesNotContainKey(RunState.VALIDATION_LOSS);
        assertThat(inspection.list())
                .extracting(s -> s.validationLoss().isPresent())
                .containsExactly(false, true);
    }

    @Test
    void shouldGoOnAfterASaveThatFailed() {
        Checkpointer checkpointer = checkpointer(new Steps(1), new Retention(9, 0, 0));
        step(checkpointer, 1);
        disk.usableBytes(10);
        step(checkpointer, 2);
        disk.usableBytes(1 << 30);
        step(checkpointer, 3);
        assertThat(steps()).containsExactly(1L, 3L);
        assertThat(events(Failed.class)).singleElement().satisfies(failed -> {
            assertThat(failed.step()).isEqualTo(2);
            assertThat(failed.cause().error()).isEqualTo(CheckpointError.NO_SPACE);
        });
    }

    @Test
    void shouldNotClaimToHaveStoppedSafelyWhenTheLastSaveFails() {
        Checkpointer checkpointer = checkpointer(new AtTheEnd(), new Retention(9, 0, 0));
        disk.usableBytes(10);
        assertThatThrownBy(() -> step(checkpointer, 2, StepRequest.STOP)).isInstanceOf(CheckpointException.class);
        assertThatThrownBy(() -> checkpointer.finish(state)).isInstanceOf(CheckpointException.class);
        assertThat(steps()).isEmpty();
    }

    @Test
    void shouldEndARankThatIsStale() {
        Checkpointer checkpointer = checkpointer(new Steps(1), new Retention(9, 0, 0));
        permit = (generation, step) -> {
            throw new CheckpointException(CheckpointError.STALE, "generation " + generation + " is over", "");
        };
        assertThatThrownBy(() -> step(checkpointer, 1)).hasMessage("generation 1 is over");
    }

    @Test
    void shouldNotFailASaveBecauseAnOldOneCannotBeDeleted() {
        for (long k = 0; ; k++) {
            Checkpointer checkpointer = checkpointer(new Steps(1), new Retention(1, 0, 0));
            long first = 10 * k + 1;
            step(checkpointer, first);
            events.clear();
            disk.failAt(k, Failure.ERROR);
            step(checkpointer, first + 1);
            boolean reached = disk.hasFailed();
            disk.heal();
            assertThat(events(Failed.class).size() + events(Saved.class).size())
                    .as("operation %d: saved or not, never both", k)
                    .isEqualTo(1);
            if (!events(NotTidied.class).isEmpty()) {
                assertThat(events(Saved.class)).hasSize(1);
            }
            assertThat(new CheckpointInspection(folder)
                            .list().stream().filter(s -> s.problem().isEmpty()))
                    .isNotEmpty();
            if (!reached) {
                break;
            }
        }
    }
}
