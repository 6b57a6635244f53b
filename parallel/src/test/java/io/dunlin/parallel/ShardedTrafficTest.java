package io.dunlin.parallel;

import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.train.Accumulation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ShardedTrafficTest {
    @ParameterizedTest
    @EnumSource
    void show(ShardScheme scheme) {
        for (int a : new int[] {1, 4}) {
            SmallRun run = SmallRun.of(SmallFamily.LLAMA.config(), Accumulation.RUNNING)
                    .batches(16 * a, 2)
                    .sharded(scheme.degrees());
            System.out.println(
                    scheme + " " + a + " params " + SmallFamily.LLAMA.config().parameterCount() + " "
                            + LoopbackRanks.bytesOfAStep(
                                    TopologyText.parse("2x2x2").orElseThrow().topology(), run));
        }
    }
}
