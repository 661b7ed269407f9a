#compdef fourtuple
# zsh completion for fourtuple, printed by: fourtuple completion zsh
_fourtuple() {
  local line value brief program=${(Q)words[1]}
  local -a answer described
  whence -p -- "$program" >/dev/null || program=fourtuple
  answer=("${(@f)$("$program" __complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  if [[ $answer[1] == :files ]]; then
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    _files
    return
  fi
  for line in $answer; do
    value=${line%%$'\t'*}
    brief=${line#*$'\t'}
    described+=("${value//:/\\:}${brief:+:$brief}")
  done
  (( $#described )) && _describe fourtuple described
}
if [[ $funcstack[1] == _fourtuple ]]; then
  _fourtuple "$@"
else
  compdef _fourtuple fourtuple
fi
