package io.dunlin.collectives.algorithm;

import io.dunlin.train.SummationTree;
import io.dunlin.train.SummationTree.Block;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Who holds which nodes of a {@link SummationTree}, and in which order they are added.
 *
 * <p>Inputs are all members' blocks, by member, then in order; temporaries follow. An addition is target = left + right, and
 * the last one yields the root.
 */
public final class TreePlan {
    /** No leaves, no members. */
    static final TreePlan EMPTY = new TreePlan(0, 0);

    private final int leaves;
    private final List<List<Block>> blocks; // [member][block]
    private final int[] firstInputs; // [member + 1]
    private final List<int[]> additions = new ArrayList<>(); // {target, left, right}
    private int temporaries;
    private final int root;

    private TreePlan(int leaves, int members) {
        this.leaves = leaves;
        this.blocks = new ArrayList<>();
        this.firstInputs = new int[members + 1];
        Map<Block, Integer> inputs = new HashMap<>();
        for (int member = 0; member < members; member++) {
            List<Block> held = SummationTree.blocks(
                    SummationTree.firstOf(leaves, member, members),
                    SummationTree.firstOf(leaves, member + 1, members),
                    leaves);
            blocks.add(List.copyOf(held));
            for (Block block : held) {
                inputs.put(block, inputs.size());
            }
            firstInputs[member + 1] = inputs.size();
        }
        this.root = leaves == 0 ? 0 : value(SummationTree.root(leaves), inputs, 0);
    }

    /** The plan for {@code leaves} leaves, shared as {@link SummationTree#firstOf} says. */
    public static TreePlan of(int leaves, int members) {
        return new TreePlan(leaves, members);
    }

    /** Where the value of {@code node} is once all additions so far are done; {@code depth} temporaries are in use. */
    private int value(Block node, Map<Block, Integer> inputs, int depth) {
        Integer input = inputs.get(node);
        if (input != null) {
            return input;
        }
        Block left = new Block(node.level() - 1, 2 * node.index());
        Block right = new Block(node.level() - 1, 2 * node.index() + 1);
        if (right.first() >= leaves) {
            return value(left, inputs, depth);
        }
        int leftValue = value(left, inputs, depth);
        int rightValue = value(right, inputs, leftValue >= inputs.size() ? depth + 1 : depth);
        int target = inputs.size() + depth;
        temporaries = Math.max(temporaries, depth + 1);
        additions.add(new int[] {target, leftValue, rightValue});
        return target;
    }

    /** Leaves of the tree. */
    public int leaves() {
        return leaves;
    }

    /** The nodes that {@code member} holds, in order. */
    public List<Block> blocks(int member) {
        return blocks.get(member);
    }

    /** How many nodes {@code member} holds. */
    int blockCount(int member) {
        return firstInputs[member + 1] - firstInputs[member];
    }

    /** The number of {@code member}'s first node among all inputs. */
    int firstInput(int member) {
        return firstInputs[member];
    }

    /** How many nodes all members hold. */
    int inputs() {
        return firstInputs[firstInputs.length - 1];
    }

    /** How many temporaries the additions need. */
    int temporaries() {
        return temporaries;
    }

    /** How many additions. */
    int additions() {
        return additions.size();
    }

    /** Addition {@code index}: target, left, right. */
    int[] addition(int index) {
        return additions.get(index);
    }

    /** Where the value of the root is in the end: an input if there is nothing to add. */
    int root() {
        return root;
    }
}
