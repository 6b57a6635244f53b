package io.dunlin.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PhiloxTest {
    @Test
    void shouldGiveThePublishedKnownAnswers() {
        // kat_vectors of the Random123 distribution, philox4x32 with 10 rounds.
        assertBlock(Philox.ofKey(0, 0), new int[] {0, 0, 0, 0}, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertBlock(Philox.ofKey(-1, -1), new int[] {-1, -1, -1, -1}, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertBlock(
                Philox.ofKey(0xa4093822, 0x299f31d0),
                new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                0xd16cfe09,
                0x94fdcceb,
                0x5001e420,
                0x24126ea1);
    }

    @Test
    void shouldDependOnSeedPurposeAndName() {
        long reference = Philox.keyed(1, "init", "wte").bits(0, 0);

        assertThat(Philox.keyed(1, "init", "wte").bits(0, 0)).isEqualTo(reference);
        assertThat(Philox.keyed(2, "init", "wte").bits(0, 0)).isNotEqualTo(reference);
        assertThat(Philox.keyed(1, "order", "wte").bits(0, 0)).isNotEqualTo(reference);
        assertThat(Philox.keyed(1, "init", "wpe").bits(0, 0)).isNotEqualTo(reference);
        assertThat(Philox.keyed(1, "init", "wte").bits(1, 0)).isNotEqualTo(reference);
        assertThat(Philox.keyed(1, "in", "itwte").bits(0, 0)).isNotEqualTo(reference);
    }

    @Test
    void shouldDrawNormalsWithTheMomentsOfTheStandardNormal() {
        Philox random = Philox.keyed(7, "test", "moments");
        int count = 200_000;
        double sum = 0;
        double squares = 0;
        double fourths = 0;
        for (int i = 0; i < count; i++) {
            double x = random.normal(0, i);
            sum += x;
            squares += x * x;
            fourths += x * x * x * x;
        }

        assertThat(sum / count).isCloseTo(0, within(0.01));
        assertThat(squares / count).isCloseTo(1, within(0.02));
        assertThat(fourths / count).isCloseTo(3, within(0.1));
    }

    @Test
    void shouldDrawUniformsFromZeroToBelowOne() {
        Philox random = Philox.keyed(7, "test", "uniform");
        double sum = 0;
        for (int i = 0; i < 100_000; i++) {
            double x = random.uniform(3, i);
            assertThat(x).isGreaterThanOrEqualTo(0).isLessThan(1);
            sum += x;
        }
        assertThat(sum / 100_000).isCloseTo(0.5, within(0.01));
    }

    private static void assertBlock(Philox philox, int[] counter, int... words) {
        long low = philox.block(counter[0], counter[1], counter[2], counter[3], 0);
        long high = philox.block(counter[0], counter[1], counter[2], counter[3], 1);
        assertThat(new int[] {(int) low, (int) (low >>> 32), (int) high, (int) (high >>> 32)})
                .containsExactly(words);
    }
}
