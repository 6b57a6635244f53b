package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.collectives.transport.LinkShape;
import io.dunlin.collectives.transport.LoopbackSettings;
import io.dunlin.parallel.Ranks.Ending;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Slow and lossy links change no bit; a rank that dies fails the step on all others. */
class DisturbedRanksTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsOverSlowAndLossyLinks(SmallFamily family) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.TREE);
        LinkShape shape = LinkShape.PERFECT.withLatency(50_000, 400_000).withLoss(0.02, 500_000);
        LoopbackSettings settings = LoopbackSettings.ofRanks(3).withShape(shape, 9);

        try (LoopbackWorld world = LoopbackWorld.of(settings, LIMIT)) {
            for (Outcome outcome : LoopbackRanks.train(world, 3, run)) {
                outcome.assertSameBits(run.alone());
            }
        }
    }

    @Test
    void shouldFailOnAllOthersWhenARankDies() {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.RUNNING);
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(3), LIMIT)) {
            SmallRun mortal = run.steps(100_000).told(step -> {
                if (step == 5) {
                    world.fabric().kill(1);
                }
            });

            List<Ending<Outcome>> endings = Ranks.endings(
                    3, rank -> () -> (rank == 1 ? mortal : run.steps(100_000)).rank(world.communicator(rank)));

            for (int survivor : new int[] {0, 2}) {
                assertThat(((Ending.Failure<Outcome>) endings.get(survivor)).cause())
                        .isInstanceOf(CollectiveException.class)
                        .hasMessageContaining("rank 1");
            }
        }
    }

    @Test
    void shouldFailOnAllWhenOneGivesUp() {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.TREE).steps(100_000);
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(2), LIMIT)) {
            SmallRun impatient = run.told(step -> {
                if (step == 5) {
                    world.communicator(0).abort(CollectiveException.aborted("rank 7 ended by signal 9"));
                }
            });

            List<Ending<Outcome>> endings =
                    Ranks.endings(2, rank -> () -> (rank == 0 ? impatient : run).rank(world.communicator(rank)));

            assertThat(endings).hasSize(2).allSatisfy(ending -> assertThat(((Ending.Failure<Outcome>) ending).cause())
                    .isInstanceOf(CollectiveException.class)
                    .hasMessageContaining("rank 7 ended by signal 9"));
        }
    }
}
