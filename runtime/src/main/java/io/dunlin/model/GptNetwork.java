package io.dunlin.model;

import io.dunlin.nn.Block;
import io.dunlin.nn.CausalAttention;
import io.dunlin.nn.Embedding;
import io.dunlin.nn.GeluMlp;
import io.dunlin.nn.Head;
import io.dunlin.nn.Initial;
import io.dunlin.nn.LayerNorm;
import io.dunlin.nn.Linear;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.ParameterSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** GPT-2 (Radford et al., 2019), with Hugging Face's names. Legend: C width, F hidden, V vocabulary, T context. */
final class GptNetwork {
    private static final Initial NORMAL = new Initial.Normal(Network.DEVIATION);

    private final ModelConfig config;
    private final ParameterSource parameters;
    private final Initial branchEnd;

    private GptNetwork(ModelConfig config, ParameterSource parameters) {
        this.config = config;
        this.parameters = parameters;
        this.branchEnd = new Initial.Normal(Network.branchEndDeviation(config.layers()));
    }

    static Network compose(ModelConfig config, ParameterSource parameters) {
        return new GptNetwork(config, parameters).compose();
    }

    private Network compose() {
        int width = config.width();
        Parameter tokens = parameters.next("wte.weight", NORMAL, config.vocabulary(), width); // [V, C]
        Parameter positions = parameters.next("wpe.weight", NORMAL, config.context(), width); // [T, C]
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(block("h." + i));
        }
        LayerNorm norm = norm("ln_f");
        Parameter head = config.tiedHead()
                ? tokens
                : parameters.next("lm_head.weight", NORMAL, config.vocabulary(), width); // [V, C]
        return new Network(
                new Embedding(tokens, Optional.of(positions)), List.copyOf(blocks), new Head(norm, Linear.of(head)));
    }

    private Block block(String name) {
        int width = config.width();
        int hidden = config.hidden();
        CausalAttention attention = new CausalAttention(
                norm(name + ".ln_1"),
                List.of(linear(name + ".attn.c_attn", NORMAL, 3 * width, width)), // [3C, C]
                linear(name + ".attn.c_proj", branchEnd, width, width), // [C, C]
                Optional.empty(),
                config.heads(),
                config.keyValueHeads());
        GeluMlp mlp = new GeluMlp(
                norm(name + ".ln_2"),
                linear(name + ".mlp.c_fc", NORMAL, hidden, width), // [F, C]
                linear(name + ".mlp.c_proj", branchEnd, width, hidden)); // [C, F]
        return new Block(attention, mlp, width);
    }

    private LayerNorm norm(String name) {
        return new LayerNorm(
                parameters.next(name + ".weight", Initial.ONES, config.width()),
                parameters.next(name + ".bias", Initial.ZEROS, config.width()),
                config.normEpsilon());
    }

    private Linear linear(String name, Initial initial, int outputs, int inputs) {
        return Linear.of(
                parameters.next(name + ".weight", initial, outputs, inputs),
                parameters.next(name + ".bias", Initial.ZEROS, outputs));
    }
}
