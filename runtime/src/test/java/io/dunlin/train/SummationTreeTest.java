package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.train.SummationTree.Block;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SummationTreeTest {
    @Property(tries = 300)
    void shouldCoverAShareExactlyAndInOrder(
            @ForAll @IntRange(min = 1, max = 70) int leaves,
            @ForAll @IntRange(min = 1, max = 9) int shares,
            @ForAll @IntRange(min = 0, max = 8) int any) {
        int share = any % shares;
        int first = SummationTree.firstOf(leaves, share, shares);
        int end = SummationTree.firstOf(leaves, share + 1, shares);

        int at = first;
        for (Block block : SummationTree.blocks(first, end, leaves)) {
            assertThat(block.first()).isEqualTo(at);
            at = Math.min(block.end(), leaves);
        }

        assertThat(at).isEqualTo(end);
    }

    @Property(tries = 300)
    void shouldUseTheFewestBlocks(
            @ForAll @IntRange(min = 1, max = 40) int leaves,
            @ForAll @IntRange(min = 0, max = 39) int any,
            @ForAll @IntRange(min = 1, max = 40) int length) {
        int first = any % leaves;
        int end = Math.min(leaves, first + length);
        List<Block> blocks = SummationTree.blocks(first, end, leaves);

        for (int i = 0; i + 1 < blocks.size(); i++) {
            assertThat(blocks.get(i).parent())
                    .as("siblings would have been one block")
                    .isNotEqualTo(blocks.get(i + 1).parent());
        }
        assertThat(SummationTree.blocks(0, leaves, leaves)).containsExactly(SummationTree.root(leaves));
    }

    @Property(tries = 300)
    void shouldGiveTheSameBitsForAnySplit(
            @ForAll @Size(min = 1, max = 33) List<Float> values, @ForAll @IntRange(min = 1, max = 9) int shares) {
        int leaves = values.size();
        Map<Block, Float> held = new HashMap<>();
        for (int share = 0; share < shares; share++) {
            int first = SummationTree.firstOf(leaves, share, shares);
            int end = SummationTree.firstOf(leaves, share + 1, shares);
            for (Block block : SummationTree.blocks(first, end, leaves)) {
                held.put(block, value(block, values));
            }
        }

        float combined = combine(SummationTree.root(leaves), held, leaves);

        assertThat(Float.floatToRawIntBits(combined))
                .isEqualTo(Float.floatToRawIntBits(value(SummationTree.root(leaves), values)));
    }

    @Test
    void shouldGiveEveryMicroBatchToExactlyOneShare() {
        List<Integer> firsts = new ArrayList<>();
        for (int share = 0; share <= 4; share++) {
            firsts.add(SummationTree.firstOf(10, share, 4));
        }

        assertThat(firsts).containsExactly(0, 2, 5, 7, 10);
    }

    /** By the definition of the tree. */
    private static float value(Block block, List<Float> leaves) {
        if (block.level() == 0) {
            return leaves.get(block.index());
        }
        Block left = new Block(block.level() - 1, block.index() * 2);
        Block right = new Block(block.level() - 1, block.index() * 2 + 1);
        return right.first() >= leaves.size() ? value(left, leaves) : value(left, leaves) + value(right, leaves);
    }

    /** From blocks that somebody holds. */
    private static float combine(Block block, Map<Block, Float> held, int leaves) {
        Float known = held.get(block);
        if (known != null) {
            return known;
        }
        assertThat(block.level()).as("a leaf that nobody holds").isPositive();
        Block left = new Block(block.level() - 1, block.index() * 2);
        Block right = new Block(block.level() - 1, block.index() * 2 + 1);
        return right.first() >= leaves
                ? combine(left, held, leaves)
                : combine(left, held, leaves) + combine(right, held, leaves);
    }
}
