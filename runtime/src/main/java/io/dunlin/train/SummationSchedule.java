package io.dunlin.train;

import io.dunlin.train.SummationTree.Block;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;

/**
 * How consecutive leaves of a {@link SummationTree} are added up as they come, with as few buffers as possible: n leaves
 * need at most log2(n) + 2.
 *
 * @param first leaf
 * @param leaves what happens to each, in order
 * @param sums the buffers that hold sums when all leaves have come, in order of leaves
 * @param blocks what those sums cover
 * @param global leaves of the whole tree
 * @param buffers how many are used
 */
public record SummationSchedule(
        int first, List<Leaf> leaves, List<Integer> sums, List<Block> blocks, int global, int buffers) {
    /**
     * Buffer {@code left} becomes left + right.
     *
     * @param left a buffer
     * @param right a buffer, free afterwards
     */
    public record Addition(int left, int right) {}

    /**
     * What happens to a leaf.
     *
     * @param target the buffer it is put in
     * @param additions possible from then on, in order
     */
    public record Leaf(int target, List<Addition> additions) {
        /** Copies the list. */
        public Leaf {
            additions = List.copyOf(additions);
        }
    }

    private record Node(Block block, int buffer) {}

    /** Copies the lists. */
    public SummationSchedule {
        leaves = List.copyOf(leaves);
        sums = List.copyOf(sums);
        blocks = List.copyOf(blocks);
    }

    /** The schedule of leaves {@code first} to {@code first + count} of {@code global}. */
    public static SummationSchedule of(int first, int count, int global) {
        PriorityQueue<Integer> free = new PriorityQueue<>();
        Deque<Node> complete = new ArrayDeque<>(); // a run of blocks, the last on top
        List<Leaf> planned = new ArrayList<>();
        int made = 0;
        for (int i = first; i < first + count; i++) {
            int target = free.isEmpty() ? made++ : free.poll();
            List<Addition> additions = new ArrayList<>();
            Node node = raise(new Node(new Block(0, i), target), global);
            while (!complete.isEmpty()
                    && complete.peek().block().parent().equals(node.block().parent())) {
                Node left = complete.pop();
                additions.add(new Addition(left.buffer(), node.buffer()));
                free.add(node.buffer());
                node = raise(new Node(left.block().parent(), left.buffer()), global);
            }
            complete.push(node);
            planned.add(new Leaf(target, additions));
        }
        List<Node> sums = List.copyOf(complete.reversed());
        return new SummationSchedule(
                first,
                planned,
                sums.stream().map(Node::buffer).toList(),
                sums.stream().map(Node::block).toList(),
                global,
                made);
    }

    /** A node without a sibling is also its parent. */
    private static Node raise(Node node, int global) {
        Block block = node.block();
        while (block.level() < SummationTree.root(global).level() && block.only(global)) {
            block = block.parent();
        }
        return new Node(block, node.buffer());
    }

    /** Whether this is the schedule of these leaves. */
    public boolean covers(int wantedFirst, int count, int wantedGlobal) {
        return first == wantedFirst && leaves.size() == count && global == wantedGlobal;
    }
}
