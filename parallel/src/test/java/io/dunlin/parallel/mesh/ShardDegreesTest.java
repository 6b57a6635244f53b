package io.dunlin.parallel.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Degrees have one word each, and words that mean nothing are none. */
class ShardDegreesTest {
    @Test
    void shouldReadTheWordsItWrites() {
        Set<String> words = new HashSet<>();
        for (Spread weights : Spread.values()) {
            for (Spread gradients : Spread.values()) {
                for (Spread optimizer : Spread.values()) {
                    for (Spread copy : Spread.values()) {
                        boolean nested = weights.compareTo(gradients) <= 0 && gradients.compareTo(optimizer) <= 0;
                        boolean narrower = copy == Spread.NONE || copy.compareTo(weights) < 0;
                        if (nested && narrower) {
                            ShardDegrees degrees = new ShardDegrees(weights, gradients, optimizer, copy);
                            assertThat(ShardDegrees.parse(degrees.label())).hasValue(degrees);
                            words.add(degrees.label());
                        }
                    }
                }
            }
        }
        assertThat(words)
                .hasSize(25)
                .contains("zero3", "zero++", "topo", "none-host-cluster", "cluster-cluster-cluster+package");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "zero4",
                "host",
                "host-host",
                "host-none-cluster",
                "none-none-cluster+host",
                "cluster-cluster-cluster+none",
                "a-b-c"
            })
    void shouldNotReadOtherWords(String word) {
        assertThat(ShardDegrees.parse(word)).isEmpty();
    }
}
