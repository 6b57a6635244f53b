package io.dunlin.train;

import io.dunlin.data.Share;
import java.util.ArrayList;
import java.util.List;

/**
 * The fixed order in which the gradients of micro-batches are added, so that the sum has the same bits on any number of
 * ranks.
 *
 * <p>Leaves are the micro-batches 0..G-1 of the global batch. Node (level, index) covers leaves {@code [index << level,
 * (index + 1) << level)}, cut at G; its value is left + right, or left alone where right covers nothing. A contiguous
 * run of leaves is made of a few complete nodes (its blocks); whoever holds blocks can add siblings, and only siblings.
 */
public final class SummationTree {
    private SummationTree() {}

    /**
     * A node of the tree.
     *
     * @param level 0 for a leaf
     * @param index among the nodes of its level
     */
    public record Block(int level, int index) {
        /** First leaf. */
        public int first() {
            return index << level;
        }

        /** Leaf after the last, were the tree complete. */
        public int end() {
            return (index + 1) << level;
        }

        /** The node above. */
        public Block parent() {
            return new Block(level + 1, index >> 1);
        }

        /** Whether this is the left child of its parent. */
        public boolean left() {
            return (index & 1) == 0;
        }

        /** Whether the other child of the parent covers no leaf, so that this node's value is also its parent's. */
        public boolean only(int leaves) {
            return left() && end() >= leaves;
        }
    }

    /** The root over {@code leaves} leaves. */
    public static Block root(int leaves) {
        int level = 0;
        while ((1 << level) < leaves) {
            level++;
        }
        return new Block(level, 0);
    }

    /** First micro-batch of share {@code share} of {@code shares}. */
    public static int firstOf(int leaves, int share, int shares) {
        return Share.begin(leaves, share, shares);
    }

    /**
     * The fewest nodes that cover exactly leaves {@code first} to {@code end}, in order. Nodes that reach past the last
     * leaf of the tree are raised to the highest node of the same value.
     */
    public static List<Block> blocks(int first, int end, int leaves) {
        List<Block> blocks = new ArrayList<>();
        int at = first;
        while (at < end) {
            Block block = new Block(0, at);
            while (block.left() && block.level() < root(leaves).level()) {
                Block parent = block.parent();
                if (Math.min(parent.end(), leaves) > end) {
                    break;
                }
                block = parent;
            }
            blocks.add(block);
            at = Math.min(block.end(), leaves);
        }
        return blocks;
    }
}
