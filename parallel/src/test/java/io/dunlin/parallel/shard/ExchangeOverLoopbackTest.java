package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.parallel.Ranks;
import io.dunlin.train.GradientExchange.Tally;
import io.dunlin.train.StepRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExchangeOverLoopbackTest {
    private static final int ELEMENTS = 50_000;
    private static final GradientBuckets BUCKETS = GradientBuckets.of(ELEMENTS, 64 << 10);
    private static final int STOP = 1 << StepRequest.STOP.ordinal();
    private static final int SAVE = 1 << StepRequest.SAVE.ordinal();

    @Test
    void shouldAgreeOnLossesAndRequests() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(3)) {
            List<Tally> tallies = Ranks.all(3, rank -> () -> {
                DataParallelExchange exchange = OnHost.fast(world.communicator(rank), BUCKETS);
                double[] losses = new double[4];
                losses[rank] = rank + 0.1;
                exchange.agree(new Tally(new double[9], 0, Tally.NO_SQUARES)); // an evaluation of another length
                return exchange.agree(
                        new Tally(losses, rank == 2 ? STOP : rank == 1 ? SAVE | STOP : 0, new double[] {1 << rank}));
            });

            assertThat(tallies).hasSize(3).allSatisfy(tally -> {
                assertThat(tally.lossSums()).containsExactly(0.1, 1.1, 2.1, 0);
                assertThat(tally.requests()).isEqualTo(STOP | SAVE);
                assertThat(tally.squares()).containsExactly(7);
            });
        }
    }

    @Test
    void shouldTellEveryRankOfALossThatIsNotFinite() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(2)) {
            List<Tally> tallies = Ranks.all(
                    2,
                    rank -> () -> OnHost.fast(world.communicator(rank), BUCKETS)
                            .agree(new Tally(
                                    rank == 0 ? new double[] {Double.NaN, 0} : new double[] {0, 2},
                                    0,
                                    Tally.NO_SQUARES)));

            assertThat(tallies).allSatisfy(tally -> assertThat(tally.lossSums()).containsExactly(Double.NaN, 2));
        }
    }
}
