package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValidationSetTest {
    @TempDir
    Path folder;

    @Test
    void shouldPredictEveryTokenButTheFirstOfAFileOnce() {
        try (ValidationSet set = set(4, 2, 100, 11, 2, 5)) {
            assertThat(set.microBatches()).isEqualTo(3); // 3 + 1 + 1 samples in rows of two
            assertThat(set.targets()).isEqualTo(10 + 1 + 4);
            List<Integer> targets = new ArrayList<>();
            for (int i = 0; i < set.microBatches(); i++) {
                IntStream.of(set.microBatch(i).targets().segment().toArray(ValueLayout.JAVA_INT))
                        .filter(target -> target >= 0)
                        .forEach(targets::add);
            }
            assertThat(targets).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 101, 201, 202, 203, 204);
            assertThat(set.microBatch(1).tokens().segment().toArray(ValueLayout.JAVA_INT))
                    .containsExactly(8, 9, 0, 0, 100, 0, 0, 0);
            assertThat(set.microBatch(1).targets().segment().toArray(ValueLayout.JAVA_INT))
                    .containsExactly(9, 10, -1, -1, 101, -1, -1, -1);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,8", "2,11", "3,15", "4,15"})
    void shouldStopAfterTheBatchesAskedFor(int batches, int targets) {
        try (ValidationSet set = set(4, 2, batches, 11, 2, 5)) {
            assertThat(set.targets()).isEqualTo(targets);
            long counted = IntStream.range(0, set.microBatches())
                    .flatMap(i -> IntStream.of(set.microBatch(i).targets().segment().toArray(ValueLayout.JAVA_INT)))
                    .filter(target -> target >= 0)
                    .count();
            assertThat(counted).isEqualTo(targets);
        }
    }

    @Test
    void shouldSayThatOneTokenIsTooFew() {
        assertThatThrownBy(() -> set(4, 2, 1, 1))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("has 1 tokens; one sample of context 1 needs 2");
    }

    private ValidationSet set(int context, int microBatch, int batches, int... counts) {
        List<Path> files = new ArrayList<>();
        for (int file = 0; file < counts.length; file++) {
            int base = file * 100;
            try (TokenShardWriter writer = TokenShardWriter.create(
                    folder.resolve(file + ".bin"), new TestTokenizer("numbers", 1000))) {
                writer.write(IntStream.range(0, counts[file]).map(i -> base + i).toArray());
                files.add(writer.finish());
            }
        }
        return new ValidationSet(TokenShards.open(files, "numbers", 1000), context, microBatch, batches);
    }
}
